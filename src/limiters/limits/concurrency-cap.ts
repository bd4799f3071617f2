import type { BlockedBy, Ended, Gate, Starter } from "../gate.ts";
import { batchSlots } from "./batch-slots.ts";

/** At most so many attempts in flight: of all requests, or of those at a provider, over all models and keys. */
export class ConcurrencyCap implements Gate {
  inFlight = 0;
  readonly #max: number;
  #batchInFlight = 0;

  constructor(max: number) {
    this.#max = max;
  }

  blockedBy({ leavesSlots }: Starter): BlockedBy | undefined {
    if (this.inFlight >= this.#max) return { reason: "concurrency", amount: this.#max };
    const amount = leavesSlots ? batchSlots(this.#max) : Infinity;
    return this.#batchInFlight < amount ? undefined : { reason: "concurrency", amount };
  }

  started({ asker }: Starter): void {
    this.inFlight += 1;
    if (asker.band === "batch") this.#batchInFlight += 1;
  }

  ended({ start }: Pick<Ended, "start">): void {
    this.inFlight -= 1;
    if (start.asker.band === "batch") this.#batchInFlight -= 1;
  }
}
