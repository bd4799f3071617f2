import type { Allowance } from "./allowance.ts";

const minuteMs = 60_000;

/**
 * A per-minute limit that is dealt out anew at the start of each window, all windows equally long, the first from the first cost on.
 * What a window does not use is lost. A share that is no whole number is dealt out so that the sum of all windows is exact:
 * 90 a minute in windows of a second are 1, 2, 1, 2, …
 */
export class FixedWindow implements Allowance {
  readonly perMinute: number;
  readonly #windowMs: number;
  readonly #share: number;
  readonly #now: () => number;
  #firstStartMs: number | undefined;
  #window = 0;
  #used = 0;

  /** @param now A monotonic clock in milliseconds. */
  constructor(perMinute: number, windowMs: number, now: () => number) {
    this.perMinute = perMinute;
    this.#windowMs = windowMs;
    this.#share = (perMinute * windowMs) / minuteMs;
    this.#now = now;
  }

  available(): number {
    this.#enterWindow();
    return Math.max(0, this.#quota(this.#window) - this.#used);
  }

  waitMs(cost: number): number {
    if (cost <= this.available() || (this.#used === 0 && this.#fits(cost, this.#window))) return 0;
    let next = this.#window + 1;
    while (!this.#fits(cost, next)) next += 1;
    return this.#startMs(next) - this.#now();
  }

  /** What is put back after its window has ended makes room in the one that is open, but never more than was used of it. */
  take(cost: number): void {
    this.#enterWindow();
    this.#firstStartMs ??= this.#now();
    this.#used = Math.max(0, this.#used + cost);
  }

  fullInMs(): number {
    this.#enterWindow();
    return this.#used === 0 ? 0 : this.#startMs(this.#window + 1) - this.#now();
  }

  #enterWindow(): void {
    const window = this.#firstStartMs === undefined ? 0 : Math.floor((this.#now() - this.#firstStartMs) / this.#windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#used = 0;
  }

  /** Whether an untouched window takes the cost: because it has as much, or because none ever has more. */
  #fits(cost: number, window: number): boolean {
    return this.#quota(window) >= Math.min(cost, Math.max(1, Math.floor(this.#share)));
  }

  #quota(window: number): number {
    return Math.floor((window + 1) * this.#share) - Math.floor(window * this.#share);
  }

  #startMs(window: number): number {
    return (this.#firstStartMs ?? this.#now()) + window * this.#windowMs;
  }
}
