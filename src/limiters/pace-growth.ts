/** Growth per second, while the pace is what holds back; it doubles every ten seconds without a refusal. */
const growthPerSecond = 0.01;
const growthDoublesMs = 10_000;
const fastestGrowthPerSecond = 0.25;
/** What the pace may have been taken for too little is made up for in this time, if it is half. */
const makeUpMs = 6_500;
const mostMissed = 2;
/** Refused again at about the same pace, it is approached half as fast, and at last so much more slowly. */
const sameShare = 0.1;
const mostCaution = 8;

/** How fast a pace that was found out grows. */
export class PaceGrowth {
  #caution = 1;
  #refusedAmount = 0;
  #upTo = 0;

  /**
   * The pace was cut.
   *
   * @param from What it was when the server refused.
   * @param to What it is now.
   * @param likely What it may be all the same.
   */
  restart(from: number | undefined, to: number, likely: number): void {
    this.#upTo = Math.min(likely, to * mostMissed);
    if (from === undefined) return;
    const isSame = Math.abs(from / this.#refusedAmount - 1) < sameShare;
    this.#caution = isSame ? Math.min(mostCaution, this.#caution * 2) : 1;
    this.#refusedAmount = from;
  }

  /** @returns the share by which it may grow in a second. @param calmMs Since the last refusal. */
  perSecond(amount: number, calmMs: number): number {
    const usual = Math.min(fastestGrowthPerSecond, (growthPerSecond / this.#caution) * 2 ** (calmMs / growthDoublesMs));
    return amount < this.#upTo ? Math.max(usual, mostMissed ** (1_000 / makeUpMs) - 1) : usual;
  }
}
