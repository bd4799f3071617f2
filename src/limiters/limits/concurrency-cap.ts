import type { BlockedBy, Gate } from "../gate.ts";

/** At most so many attempts in flight, over all models and keys of a provider. */
export class ConcurrencyCap implements Gate {
  readonly #max: number;
  #inFlight = 0;

  constructor(max: number) {
    this.#max = max;
  }

  blockedBy(): BlockedBy | undefined {
    return this.#inFlight < this.#max ? undefined : { reason: "concurrency", amount: this.#max };
  }

  started(): void {
    this.#inFlight += 1;
  }

  ended(): void {
    this.#inFlight -= 1;
  }
}
