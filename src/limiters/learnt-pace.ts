import { minuteMs, type Measure, type RateLimit } from "../model/rate-limit.ts";
import type { LimitSet } from "./limit-set.ts";
import { PacedLimit } from "./paced-limit.ts";
import { addWeights, noWeights, subtractWeights, type Weights } from "./weights.ts";

export interface LearntPaceOptions {
  readonly model: string;
  /** Where the pace is put once it is known. */
  readonly limits: LimitSet;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onLearnt: (limit: RateLimit) => void;
}

/** Servers let about a second's worth through at once before they refuse for the first time. */
const assumedBurstMs = 1_000;
const cautiousShare = 0.97;
/** Between refusals the pace may have been too low for long, so later parts of that time are looked at as well: so many, each so long. */
const parts = 8;
const partMs = 2_000;
/** What one episode can change, either way. */
const largestCut = 0.5;
const smallestCut = 0.95;
/** Growth per second, while the pace is what holds back; it doubles every ten seconds without a refusal. */
const growthPerSecond = 0.01;
const growthDoublesMs = 10_000;
const fastestGrowthPerSecond = 0.25;
/** Nothing is learnt from a time in which nothing was asked for. */
const idleMs = 5_000;
/** Of how many requests, about, the share of refused ones is known, and from how many on it means something. */
const memory = 200;
const requestsToTrust = 100;
/** More than this is no chance. */
const chanceShare = 0.04;
/** If the pace was cut to this share and not far fewer are refused, it does not come of the pace. Then it is let be for a while. */
const cutWithoutEffect = 0.5;
const farFewer = 0.25;
const letBeMs = 60_000;
/** A growth of this much is called out. */
const notableGrowth = 1.1;

interface Moment {
  readonly atMs: number;
  readonly admitted: Weights;
}

/**
 * A limit that nobody tells, on requests or, where the refusals name them, tokens, learnt from refusals: between two moments at which the server's bucket was empty, what it
 * admitted is what had flowed in. From there the pace grows until the server refuses again.
 */
export class LearntPace {
  readonly #options: LearntPaceOptions;
  #limit: PacedLimit | undefined;
  #announced = 0;
  /** When the bucket was empty last; before the first refusal, when sending began. */
  #markMs: number;
  #creditMs = assumedBurstMs;
  #started: Weights = noWeights;
  /** And what of that was refused or given back. */
  #returned: Weights = noWeights;
  /** Moments since the mark, the oldest first, and what had been admitted by then. */
  #moments: Moment[] = [];
  /** When somebody started last, or was held back by the pace. */
  #lastUseMs: number;
  #episodeMs: number | undefined;
  /** Of the requests that began lately, how many were refused. */
  #refusedShare = 0;
  #seen = 0;
  /** Pace and share of refused ones when a cut last had, or may have had, an effect. */
  #reference = { amount: 0, refusedShare: 0 };
  #letBeUntilMs = -Infinity;
  #grownMs = 0;

  constructor(options: LearntPaceOptions) {
    this.#options = options;
    this.#markMs = options.clock();
    this.#lastUseMs = this.#markMs;
  }

  start(weights: Weights): void {
    const nowMs = this.#options.clock();
    if (nowMs - this.#lastUseMs > idleMs) this.#begin(nowMs, assumedBurstMs);
    this.#lastUseMs = nowMs;
    if (nowMs - (this.#moments.at(-1)?.atMs ?? this.#markMs) > partMs) this.#remember(nowMs);
    this.#started = addWeights(this.#started, weights);
    this.#seen += 1;
    this.#refusedShare *= 1 - 1 / memory;
  }

  /** What an answer did not use was given back to the server's bucket, which in the pause after a refusal fills up anyway. */
  settle(unused: Weights): void {
    if (this.#episodeMs === undefined) this.#returned = addWeights(this.#returned, unused);
  }

  refuse(weights: Weights): void {
    this.#returned = addWeights(this.#returned, weights);
    this.#refusedShare += 1 / memory;
  }

  /** An episode of refusals begins. What it teaches is known when those under way have been answered. */
  beginEpisode(): void {
    this.#episodeMs = this.#options.clock();
  }

  /**
   * @param isOverrun Whether so many were refused at once that it cannot be chance.
   * @param measure What the server said that the limit is on. One on tokens is no chance: nobody says so by mistake.
   */
  endEpisode(isOverrun: boolean, measure: Measure = "requests"): void {
    const nowMs = this.#options.clock();
    const episodeMs = this.#episodeMs;
    this.#episodeMs = undefined;
    if (episodeMs === undefined || nowMs < this.#letBeUntilMs) return;
    const isNamed = measure !== "requests";
    const isLimit = isNamed || isOverrun || (this.#seen >= requestsToTrust && this.#refusedShare > chanceShare);
    if (!isLimit && this.#limit === undefined) return;
    if (this.#limit !== undefined && this.#limit.spec.measure !== measure) this.#drop();
    const perMinute = this.#learn(episodeMs, nowMs, measure);
    const hasEffect = this.#refusedShare < this.#reference.refusedShare * farFewer;
    if (isNamed || isOverrun || hasEffect || this.#limit === undefined)
      this.#reference = { amount: perMinute, refusedShare: this.#refusedShare };
    if (perMinute < this.#reference.amount * cutWithoutEffect) this.#giveUp(nowMs);
    else this.#set(perMinute, measure);
  }

  /** To be called when somebody would start. @param weights What it would take. */
  update(weights: Weights): void {
    if (this.#limit === undefined || this.#limit.waitMs(weights[this.#limit.spec.measure]) === 0) return;
    this.#lastUseMs = this.#options.clock();
    this.#grow(this.#limit, this.#lastUseMs);
  }

  /** @returns what a minute allows, by since the last mark. */
  #learn(episodeMs: number, nowMs: number, measure: Measure): number {
    const perMinute = this.#flowPerMs(episodeMs, measure) * minuteMs * cautiousShare;
    // The pause, in which the bucket filled, counts as time in use.
    this.#begin(episodeMs, 0);
    this.#lastUseMs = nowMs;
    this.#grownMs = nowMs;
    const before = this.#limit?.spec.amount;
    return before === undefined ? perMinute : Math.min(Math.max(perMinute, before * largestCut), before * smallestCut);
  }

  /** What flowed in since the mark; or more, if more than what a bucket can have held was admitted since a later moment. */
  #flowPerMs(untilMs: number, measure: Measure): number {
    const admitted = this.#started[measure] - this.#returned[measure];
    let fastest = Math.max(1, admitted) / (untilMs - this.#markMs + this.#creditMs);
    for (const moment of this.#moments)
      fastest = Math.max(fastest, (admitted - moment.admitted[measure]) / (untilMs - moment.atMs + assumedBurstMs));
    return fastest;
  }

  #remember(nowMs: number): void {
    if (this.#moments.length === parts) this.#moments.shift();
    this.#moments.push({ atMs: nowMs, admitted: subtractWeights(this.#started, this.#returned) });
  }

  #giveUp(nowMs: number): void {
    this.#drop();
    this.#letBeUntilMs = nowMs + letBeMs;
    this.#begin(nowMs, assumedBurstMs);
  }

  #drop(): void {
    if (this.#limit !== undefined) this.#options.limits.remove(this.#limit);
    this.#limit = undefined;
  }

  /** At most by the growth of a second: before that the pace held nobody back. */
  #grow(limit: PacedLimit, nowMs: number): void {
    const elapsedMs = nowMs - this.#grownMs;
    if (elapsedMs < 100) return;
    this.#grownMs = nowMs;
    const perSecond = Math.min(fastestGrowthPerSecond, growthPerSecond * 2 ** ((nowMs - this.#markMs) / growthDoublesMs));
    limit.setAmount(limit.spec.amount * (1 + (perSecond * Math.min(elapsedMs, 1_000)) / 1_000));
    if (limit.spec.amount >= this.#announced * notableGrowth) this.#announce(limit.spec);
  }

  #set(amount: number, measure: Measure): void {
    const { model, limits, clock } = this.#options;
    if (this.#limit === undefined) {
      this.#limit = new PacedLimit({ measure, amount, periodMs: minuteMs, model }, "refusals", clock);
      limits.add(this.#limit);
    } else {
      this.#limit.setAmount(amount);
    }
    this.#announce(this.#limit.spec);
  }

  #announce(spec: RateLimit): void {
    this.#announced = spec.amount;
    this.#options.onLearnt(spec);
  }

  #begin(markMs: number, creditMs: number): void {
    this.#markMs = markMs;
    this.#creditMs = creditMs;
    this.#started = noWeights;
    this.#returned = noWeights;
    this.#moments = [];
  }
}
