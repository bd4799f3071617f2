import { batchAsker, type Demand } from "../../model/demand.ts";
import type { Starter } from "../gate.ts";

/** A chat pauses while a person reads; one that is seen no more gives its slots back. */
const presentMs = 60_000;

/** The same object for each request of a run without live clients. */
const alone: Starter = { asker: batchAsker, leavesSlots: false };

/** Whether live clients ask, so that batches leave slots free for them. */
export class LivePresence {
  readonly #clock: () => number;
  #seenAtMs = -Infinity;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Milliseconds for which they count as present; 0 where there are none. */
  get leftMs(): number {
    return this.#seenAtMs === -Infinity ? 0 : Math.max(0, this.#seenAtMs + presentMs - this.#clock());
  }

  /** A request has come, or ended. */
  note({ asker = batchAsker }: Demand): void {
    if (asker.band === "live") this.#seenAtMs = this.#clock();
  }

  starterOf({ asker = batchAsker }: Demand): Starter {
    if (asker === batchAsker && this.#seenAtMs === -Infinity) return alone;
    return { asker, leavesSlots: asker.band === "batch" && this.leftMs > 0 };
  }
}
