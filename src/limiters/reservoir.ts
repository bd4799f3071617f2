/** Servers let about one second's worth through at once; what is missing here takes up the jitter of the network. */
const burstSeconds = 0.8;

/** Refilling in small steps leaves a level some 10^-16 short; nobody should wait for that. */
const roundingError = 1e-9;

/**
 * The arithmetic of one per-minute limit: a bucket that starts full, refills continuously, and holds 0.8 seconds' worth of the
 * limit, never less than 1. In any span of time it lets through at most what it holds plus what flows in.
 *
 * Times are monotonic milliseconds, weights are requests or tokens.
 */
export class Reservoir {
  readonly capacity: number;
  readonly #perMs: number;
  #level: number;
  #filledAtMs: number;

  constructor(perMinute: number, nowMs: number) {
    this.#perMs = perMinute / 60_000;
    this.capacity = Math.max(1, (perMinute / 60) * burstSeconds);
    this.#level = this.capacity;
    this.#filledAtMs = nowMs;
  }

  /** What is there now; below 0 while a debt is being paid off. */
  level(nowMs: number): number {
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs > 0) {
      this.#level = Math.min(this.capacity, this.#level + elapsedMs * this.#perMs);
      this.#filledAtMs = nowMs;
    }
    return this.#level;
  }

  /** How many whole units could be taken now without debt. */
  room(nowMs: number): number {
    return Math.floor(this.#available(nowMs));
  }

  /** How long until `weight` may be taken; 0 if now. A weight larger than the bucket may be taken when the bucket is full. */
  waitMs(weight: number, nowMs: number): number {
    const missing = Math.min(weight, this.capacity) - this.#available(nowMs);
    return missing <= 0 ? 0 : missing / this.#perMs;
  }

  /** Takes `weight`, into debt if it is more than is there. Nobody is served until a debt is paid off. */
  take(weight: number, nowMs: number): void {
    this.#level = this.level(nowMs) - weight;
  }

  /** Gives back what was taken and not used, as far as there is place for it. */
  giveBack(weight: number, nowMs: number): void {
    this.#level = Math.min(this.capacity, this.level(nowMs) + weight);
  }

  #available(nowMs: number): number {
    return this.level(nowMs) + roundingError;
  }
}
