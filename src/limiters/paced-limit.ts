import type { LimitSource, RateLimit } from "../model/rate-limit.ts";
import type { Limit } from "./limit.ts";
import { Reservoir } from "./reservoir.ts";

/**
 * Providers may enforce a limit per minute by the second, so what is kept is a pace, a little below the limit: no second, wherever it
 * begins, holds more than a sixtieth of it, and a run still ends within 2 % of the shortest time possible.
 */
const paceShare = 0.985;
/** What this process was too slow to start in its time is made up for, if it was not more than this. */
const catchUpMs = 100;

/** A limit that is used evenly, from the first moment on: a token bucket so small that it is a pace. */
export class PacedLimit implements Limit {
  readonly source: LimitSource;
  readonly #clock: () => number;
  readonly #reservoir: Reservoir;
  #spec: RateLimit;

  /** @param clock Monotonic milliseconds. */
  constructor(spec: RateLimit, source: LimitSource, clock: () => number) {
    this.source = source;
    this.#clock = clock;
    this.#spec = spec;
    this.#reservoir = new Reservoir(capacityOf(spec), perMs(spec), clock());
    this.#reservoir.lower(1, clock());
  }

  get spec(): RateLimit {
    return this.#spec;
  }

  available(): number {
    return this.#reservoir.room(this.#clock());
  }

  waitMs(weight: number): number {
    return this.#reservoir.waitMs(weight, this.#clock());
  }

  take(weight: number): void {
    this.#reservoir.take(weight, this.#clock());
  }

  giveBack(weight: number): void {
    this.#reservoir.giveBack(weight, this.#clock());
  }

  /** @param remaining What was left of the limit `ageMs` ago, or less long. */
  lower(remaining: number, ageMs: number): void {
    this.#reservoir.lower(remaining + ageMs * perMs(this.#spec), this.#clock());
  }

  setAmount(amount: number): void {
    this.#spec = { ...this.#spec, amount };
    this.#reservoir.resize(capacityOf(this.#spec), perMs(this.#spec), this.#clock());
  }
}

function perMs({ amount, periodMs }: RateLimit): number {
  return (amount / periodMs) * paceShare;
}

function capacityOf({ amount, periodMs }: RateLimit): number {
  return Math.max(1, (amount / periodMs) * catchUpMs);
}
