const slots = 60;

/**
 * Sums of the last minute, one slot a second, for rates that follow what happens now. All times are milliseconds since the run
 * began, by a clock that never goes back.
 */
export class RateWindow {
  /** Of all that was ever added. */
  total = 0;
  readonly #sums: Float64Array = new Float64Array(slots);
  /** The second that a slot holds; a slot is emptied when its next second begins to be written. */
  readonly #seconds: Float64Array = new Float64Array(slots).fill(-1);

  /** Takes constant time. */
  add(amount: number, elapsedMs: number): void {
    this.total += amount;
    const second = Math.floor(elapsedMs / 1000);
    const slot = second % slots;
    const sum = this.#seconds[slot] === second ? (this.#sums[slot] ?? 0) : 0;
    this.#seconds[slot] = second;
    this.#sums[slot] = sum + amount;
  }

  /** What was added in the last `seconds` (at most 60), the current second among them. */
  sum(seconds: number, elapsedMs: number): number {
    const now = Math.floor(elapsedMs / 1000);
    let sum = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const second = this.#seconds[slot] ?? -1;
      if (second >= 0 && second > now - seconds && second <= now) sum += this.#sums[slot] ?? 0;
    }
    return sum;
  }

  /** The mean over the last `seconds`, or over the whole run while it is shorter than that; 0 at its very start. */
  perSecond(seconds: number, elapsedMs: number): number {
    const coveredMs = Math.min(elapsedMs, (seconds - 1) * 1000 + (elapsedMs % 1000));
    return coveredMs > 0 ? (this.sum(seconds, elapsedMs) * 1000) / coveredMs : 0;
  }
}
