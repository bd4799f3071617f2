/** A batch fills all slots with answers of a minute, and none of them is taken back: so much of them stays free for live clients. */
const shareLeft = 0.25;
const minLeft = 2;

/** How many of so many slots a batch may take while live clients ask. */
export function batchSlots(slots: number): number {
  return Math.max(1, slots - Math.max(minLeft, Math.ceil(slots * shareLeft)));
}
