import type { Allowance } from "./allowance.ts";

/** Refilling in small steps leaves a level some 10^-16 short; no request should wait for that. */
const roundingError = 1e-9;

/**
 * A bucket that holds one second's worth of a per-minute limit (and never less than 1) and refills continuously. In any span of
 * time it lets through no more than what it holds plus what flows in, apart from a single cost that is larger than the bucket.
 */
export class TokenBucket implements Allowance {
  readonly perMinute: number;
  readonly capacity: number;
  readonly #perMs: number;
  readonly #now: () => number;
  #level: number;
  #filledAt: number;

  /** @param now A monotonic clock in milliseconds. */
  constructor(perMinute: number, now: () => number) {
    this.perMinute = perMinute;
    this.capacity = Math.max(1, perMinute / 60);
    this.#perMs = perMinute / 60_000;
    this.#now = now;
    this.#level = this.capacity;
    this.#filledAt = now();
  }

  /** What is there now; below 0 after something larger than the bucket was let through. */
  level(): number {
    const now = this.#now();
    this.#level = Math.min(this.capacity, this.#level + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    return this.#level;
  }

  available(): number {
    return Math.max(0, Math.floor(this.level() + roundingError));
  }

  /** How long until `cost` may be taken; 0 if now. A cost larger than the bucket may be taken when the bucket is full. */
  waitMs(cost: number): number {
    const missing = Math.min(cost, this.capacity) - this.level();
    return missing <= roundingError ? 0 : missing / this.#perMs;
  }

  fullInMs(): number {
    return (this.capacity - this.level()) / this.#perMs;
  }

  take(cost: number): void {
    this.#level = this.level() - cost;
  }
}
