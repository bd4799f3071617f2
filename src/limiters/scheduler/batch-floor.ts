import type { Band } from "../../model/demand.ts";

/** One start of nine is a batch's while it waits, so that it keeps a tenth wherever one begins to count. */
const liveStartsForOne = 8;

/** Whether it is the turn of batches, although live requests wait. */
export class BatchFloor {
  #liveStarts = 0;

  get isDue(): boolean {
    return this.#liveStarts >= liveStartsForOne;
  }

  /** @param doesBatchWait Whether a batch waits, too. */
  started(band: Band, doesBatchWait: boolean): void {
    if (band === "batch") this.#liveStarts = 0;
    else if (doesBatchWait) this.#liveStarts += 1;
  }
}
