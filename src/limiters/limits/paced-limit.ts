import type { LimitSource, LimitUnit, RateLimit } from "../../model/rate-limit.ts";
import type { Limit } from "./limit.ts";
import { RecentUse } from "./recent-use.ts";
import { Reservoir } from "./reservoir.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** How a limit is used. */
interface Usage {
  /** How much of it. */
  readonly share: number;
  /** How much of it may gather while it is not used, as milliseconds of its flow. */
  readonly capacityMs: number;
  /** How much of that is left for jitter on the way. What is larger than the rest waits until all of it is there, as servers demand. */
  readonly spareMs: number;
  /** How long it must have been there then: the request before may have been so much longer on the way. */
  readonly lagMs: number;
}

/**
 * Providers let about a second's worth of tokens through at once; those of output may count when the answer is there, and answers that
 * take differently long come together. A limit on requests may be enforced by the second: of those there is no burst, except to make up
 * for what this process was too slow to start in its time, and a little is left, so that jitter on the way does not bring two seconds'
 * worth into one.
 */
export const usages: Readonly<Record<LimitUnit, Usage>> = {
  requests: { share: 0.992, capacityMs: 300, spareMs: 0, lagMs: 0 },
  tokens: { share: 0.998, capacityMs: 1_000, spareMs: 100, lagMs: 15 },
  "input-tokens": { share: 0.998, capacityMs: 1_000, spareMs: 100, lagMs: 15 },
  "output-tokens": { share: 0.998, capacityMs: 1_000, spareMs: 250, lagMs: 15 },
};
/** Refilling in small steps leaves a level some 10^-16 short. */
const roundingError = 1e-9;
/** In any span as long as this no more requests start than the limit allows by the second: a second, and the jitter on the way. */
const strictWindowMs = 1_006;

/** So much longer than others the first request may be on the way, which has to connect. */
const connectMs = 50;

/** A limit that is used evenly: a token bucket so small that it is a pace. */
export class PacedLimit implements Limit {
  spec: RateLimit;
  readonly source: LimitSource;
  readonly #clock: () => number;
  readonly #reservoir: Reservoir;
  readonly #use = new RecentUse();
  #levels: Levels;
  #window: SlidingWindow | undefined;
  #isUnused: boolean;

  /** @param clock Monotonic milliseconds. */
  constructor(spec: RateLimit, source: LimitSource, clock: () => number) {
    this.source = source;
    this.#clock = clock;
    this.spec = spec;
    this.#levels = levelsOf(spec);
    this.#reservoir = new Reservoir(this.#levels.capacity, perMs(spec), clock());
    this.#isUnused = source === "configured";
    if (spec.unit !== "requests" || spec.burst !== undefined) return;
    this.#reservoir.lower(1, clock());
    // What was only found out is no figure that a server counts by.
    if (source !== "refusals") this.#window = windowOf(spec);
  }

  available(): number {
    const { full, spare } = this.#levels;
    return Math.floor(Math.min(this.#reservoir.level(this.#clock()), full) - spare + roundingError);
  }

  used(): number {
    return this.#use.of(this.spec, this.#clock());
  }

  saturation(): number {
    return this.#use.shareOf(this.spec, this.#clock());
  }

  waitMs(weight: number): number {
    const nowMs = this.#clock();
    const { full, spare } = this.#levels;
    const needed = weight + spare;
    const waitMs = this.#reservoir.waitMs(needed > full ? Infinity : needed, nowMs);
    return this.#window === undefined ? waitMs : Math.max(waitMs, this.#window.waitMs(nowMs));
  }

  take(weight: number): void {
    const nowMs = this.#clock();
    this.#reservoir.lower(this.#levels.full, nowMs);
    this.#reservoir.take(weight, nowMs);
    this.#use.add(weight, nowMs);
    const countedAtMs = this.#isUnused ? nowMs + connectMs : nowMs;
    this.#isUnused = false;
    this.#reservoir.stopUntil(countedAtMs);
    this.#window?.start(countedAtMs);
  }

  giveBack(weight: number): void {
    const nowMs = this.#clock();
    this.#reservoir.giveBack(weight, nowMs);
    this.#use.add(-weight, nowMs);
  }

  /**
   * For a limit that becomes known while requests are under way: they have taken their part already, or will have when they arrive.
   *
   * @param remaining What is left of it, if that is told.
   * @param weight Of one of them, about.
   */
  begin(remaining: number | undefined, inFlight: number, weight: number): void {
    const nowMs = this.#clock();
    this.#reservoir.lower(remaining === undefined ? 1 + this.#levels.spare : remaining - inFlight * weight, nowMs);
    for (let request = 0; request < inFlight; request += 1) this.#window?.start(nowMs);
  }

  /** @param remaining What was left of the limit `ageMs` ago, or less long. */
  lower(remaining: number, ageMs: number): void {
    this.#reservoir.lower(remaining + ageMs * perMs(this.spec), this.#clock());
  }

  resize(amount: number, periodMs: number = this.spec.periodMs): void {
    this.spec = { ...this.spec, amount, periodMs };
    this.#levels = levelsOf(this.spec);
    this.#reservoir.resize(this.#levels.capacity, perMs(this.spec), this.#clock());
    if (this.#window !== undefined) this.#window = windowOf(this.spec);
  }
}

function perMs({ unit, amount, periodMs }: RateLimit): number {
  return (amount / periodMs) * usages[unit].share;
}

/** Of a limit's reservoir. */
interface Levels {
  /** What is left for jitter. */
  readonly spare: number;
  /** All that the limit holds: however small it is, one request or token fits in beside the spare. */
  readonly full: number;
  /** With what would have flowed in while it is full: so it is known for how long it has been. */
  readonly capacity: number;
}

function levelsOf({ unit, amount, periodMs, burst = 0 }: RateLimit): Levels {
  const { capacityMs, spareMs, lagMs } = usages[unit];
  const flowPerMs = amount / periodMs;
  const spare = flowPerMs * spareMs;
  const full = Math.max(1 + spare, burst + spare, flowPerMs * capacityMs);
  return { spare, full, capacity: full + flowPerMs * lagMs };
}

function windowOf({ amount, periodMs }: RateLimit): SlidingWindow {
  return new SlidingWindow(Math.max(1, Math.ceil((amount / periodMs) * 1_000)), strictWindowMs);
}
