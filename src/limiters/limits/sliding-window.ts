/** A window that holds more starts than this is kept as a shorter one with its share of them: it takes less memory and means the same. */
const maxRemembered = 4_096;

/** At most so many starts in any window of time, wherever it begins: each waits until the one so many starts before it is that old. */
export class SlidingWindow {
  readonly #windowMs: number;
  /** When the last starts were; the oldest stands at `#oldest`. */
  readonly #startsMs: Float64Array;
  #oldest = 0;

  /** @param starts In any `windowMs`. A whole number of at least 1. */
  constructor(starts: number, windowMs: number) {
    const remembered = Math.min(starts, maxRemembered);
    this.#windowMs = (windowMs * remembered) / starts;
    this.#startsMs = new Float64Array(remembered).fill(-Infinity);
  }

  /** @returns how long until the next start; 0 if now. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#startsMs[this.#oldest] ?? -Infinity) + this.#windowMs - nowMs);
  }

  start(nowMs: number): void {
    this.#startsMs[this.#oldest] = nowMs;
    this.#oldest = (this.#oldest + 1) % this.#startsMs.length;
  }
}
