import { fromNanoUsd, toNanoUsd } from "../../model/usage.ts";

/** Adds up costs, to a billionth of a US dollar each: sums are exact, in any order, and what is taken away leaves nothing behind. */
export class CostSum {
  /** How many costs are known. */
  priced = 0;
  unpriced = 0;
  #nanoUsd = 0;
  #reportedNanoUsd = 0;

  /** @param isReported The provider said it. */
  add(costUsd: number | null, isReported = false): void {
    if (costUsd === null) {
      this.unpriced += 1;
      return;
    }
    this.priced += 1;
    const nanoUsd = toNanoUsd(costUsd);
    this.#nanoUsd += nanoUsd;
    if (isReported) this.#reportedNanoUsd += nanoUsd;
  }

  /** @param times -1 takes them away. */
  addAll(other: CostSum, times: 1 | -1): void {
    this.priced += times * other.priced;
    this.unpriced += times * other.unpriced;
    this.#nanoUsd += times * other.#nanoUsd;
    this.#reportedNanoUsd += times * other.#reportedNanoUsd;
  }

  /** Of those that are known; null where none is and there was one. */
  get usd(): number | null {
    return this.priced === 0 && this.unpriced > 0 ? null : fromNanoUsd(this.#nanoUsd);
  }

  /** What providers said of it. */
  get reportedUsd(): number {
    return fromNanoUsd(this.#reportedNanoUsd);
  }
}
