/**
 * What coordinators and workers have agreed on. It goes up with each change of what stands in Redis: those of another number do not share
 * work, and say so.
 */
export const fleetProtocol = 1;

/** What a run asks of all workers together. */
export interface RunSettings {
  /** JSON texts of the rate limits that hold for the whole fleet. */
  readonly limits: readonly string[];
}
