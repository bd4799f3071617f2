import { Alarm } from "./alarm.ts";
import { Reservoir } from "./reservoir.ts";

interface Waiter {
  readonly tokens: number;
  readonly resolve: () => void;
}

/**
 * A token bucket for uses of your own: it starts full and refills continuously, by a monotonic clock. Waiters are served first come
 * first served.
 *
 * ```ts
 * const bucket = new TokenBucket(10, 2); // ten at once, then two a second
 * await bucket.acquire();
 * ```
 */
export class TokenBucket {
  readonly capacity: number;
  /** Tokens that flow in each second. */
  readonly refillRate: number;
  readonly #reservoir: Reservoir;
  readonly #waiters = new Set<Waiter>();
  readonly #alarm: Alarm = new Alarm(() => this.#serve());

  /** @param refillRate Tokens a second. @throws RangeError unless both are numbers above 0. */
  constructor(capacity: number, refillRate: number) {
    if (!isAboveZero(capacity)) throw new RangeError(`capacity must be a number above 0, not ${capacity}`);
    if (!isAboveZero(refillRate))
      throw new RangeError(`refillRate must be a number of tokens a second above 0, not ${refillRate}`);
    this.capacity = capacity;
    this.refillRate = refillRate;
    this.#reservoir = new Reservoir(capacity, refillRate / 1000, performance.now());
  }

  /** Tokens that are there now; below 0 while those of an `acquire` larger than the bucket are flowing in. */
  get available(): number {
    return this.#reservoir.level(performance.now());
  }

  /** Takes `tokens` if they are there and no call waits for them. @returns whether they were taken. */
  tryAcquire(tokens = 1): boolean {
    const nowMs = performance.now();
    if (this.#waiters.size > 0 || this.#reservoir.waitMs(tokens, nowMs) > 0) return false;
    this.#reservoir.take(tokens, nowMs);
    return true;
  }

  /**
   * Takes `tokens` as soon as they are there. More than the bucket can hold are taken when it is full, and those after it wait until the
   * rest has flowed in, so it never waits for ever.
   *
   * @throws the signal's reason when it is aborted first; nothing is taken then.
   */
  async acquire(tokens = 1, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryAcquire(tokens)) return;
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
        this.#serve();
      };
      const waiter = {
        tokens,
        resolve: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
      this.#serve();
    });
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      const nowMs = performance.now();
      const waitMs = this.#reservoir.waitMs(waiter.tokens, nowMs);
      if (waitMs > 0) return this.#alarm.set(waitMs, nowMs);
      this.#reservoir.take(waiter.tokens, nowMs);
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    this.#alarm.clear();
  }
}

function isAboveZero(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
