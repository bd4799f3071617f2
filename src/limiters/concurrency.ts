import pLimit, { type LimitFunction } from "p-limit";

/** The slots in which attempts run. */
export class Concurrency {
  readonly #limit: LimitFunction;

  /** @throws TypeError unless `slots` is a whole number of at least 1. */
  constructor(slots: number) {
    this.#limit = pLimit(slots);
  }

  get slots(): number {
    return this.#limit.concurrency;
  }

  get inFlight(): number {
    return this.#limit.activeCount;
  }

  get free(): number {
    return this.#limit.concurrency - this.#limit.activeCount - this.#limit.pendingCount;
  }

  /** Runs `task` in a slot, which is free again before the promise settles, also when `task` rejects. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#limit(task);
  }
}
