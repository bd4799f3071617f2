import type { LimitSource, Measure, RateLimit } from "../model/rate-limit.ts";
import type { Limit } from "./limit.ts";
import { Reservoir } from "./reservoir.ts";

/** A little below the limit, so that no jitter on the way makes two of what were one. */
const paceShare = 0.995;
/**
 * How much of the limit may be started at once, as milliseconds of its flow. Providers let about a second's worth of tokens through at
 * once, but may enforce a limit on requests by the second: of those there is no burst, except to make up for what this process was too
 * slow to start in its time.
 */
const burstMs: Readonly<Record<Measure, number>> = { requests: 300, tokens: 800, "input-tokens": 800, "output-tokens": 800 };

/** A limit that is used evenly: a token bucket so small that it is a pace. */
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
    if (spec.measure === "requests") this.#reservoir.lower(1, clock());
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

function capacityOf({ measure, amount, periodMs }: RateLimit): number {
  return Math.max(1, (amount / periodMs) * burstMs[measure]);
}
