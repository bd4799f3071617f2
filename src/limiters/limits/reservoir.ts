/** Refilling in small steps leaves a level some 10^-16 short, which is not worth waiting for. */
const roundingError = 1e-9;

/**
 * The arithmetic of a token bucket: it starts full and refills continuously. In any span of time it lets through at most what it holds
 * plus what flows in. Times are monotonic milliseconds; what a unit is, is the caller's.
 */
export class Reservoir {
  capacity: number;
  #perMs: number;
  #level: number;
  #filledAtMs: number;

  constructor(capacity: number, perMs: number, nowMs: number) {
    this.capacity = capacity;
    this.#perMs = perMs;
    this.#level = capacity;
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

  /** How long until `weight` may be taken; 0 if now. A weight larger than the bucket may be taken when the bucket is full. */
  waitMs(weight: number, nowMs: number): number {
    const missing = Math.min(weight, this.capacity) - this.level(nowMs) - roundingError;
    return missing <= 0 ? 0 : missing / this.#perMs + Math.max(0, this.#filledAtMs - nowMs);
  }

  /** Nothing flows in until then. */
  stopUntil(untilMs: number): void {
    this.#filledAtMs = Math.max(this.#filledAtMs, untilMs);
  }

  /** Takes `weight`, into debt if it is more than is there. Nothing more may be taken until a debt is paid off. */
  take(weight: number, nowMs: number): void {
    this.#level = this.level(nowMs) - weight;
  }

  /** Gives back what was taken and not used, as far as there is room for it. */
  giveBack(weight: number, nowMs: number): void {
    this.#level = Math.min(this.capacity, this.level(nowMs) + weight);
  }

  /** Another client took some as well: there is no more than `level` left. */
  lower(level: number, nowMs: number): void {
    this.#level = Math.min(this.level(nowMs), level);
  }

  /** From now on. What is there stays, as far as there is room for it. */
  resize(capacity: number, perMs: number, nowMs: number): void {
    const level = this.level(nowMs);
    this.capacity = capacity;
    this.#perMs = perMs;
    this.#level = Math.min(capacity, level);
  }
}
