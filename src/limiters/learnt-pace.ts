import { minuteMs, type Measure, type RateLimit } from "../model/rate-limit.ts";
import { AdmittedFlow } from "./admitted-flow.ts";
import type { LimitSet } from "./limit-set.ts";
import { PaceGrowth } from "./pace-growth.ts";
import { PacedLimit } from "./paced-limit.ts";
import { LikelyMeasure } from "./likely-measure.ts";
import { noWeights, type Weights } from "./weights.ts";

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
/** What one episode can change, either way. */
const largestCut = 0.5;
/** Where a few were refused, which need not be the pace's fault. */
const largestCutForFew = 0.9;
const smallestCut = 0.95;
/** Nothing is learnt from a time in which nothing was asked for. */
const idleMs = 5_000;
/** Of how many requests, about, the share of refused ones is known, and from how many on it means something. */
const memory = 200;
const requestsToTrust = 100;
/** More than this is no chance. */
const chanceShare = 0.04;
/** Nor are so many, where they are this share of all that were asked. */
const refusalsToTrust = 4;
const clearShare = 0.15;
/** If the pace was cut to this share and not far fewer are refused, it does not come of the pace. Then it is let be for a while. */
const cutWithoutEffect = 0.5;
const farFewer = 0.25;
const letBeMs = 60_000;
/** A growth of this much is called out. */
const notableGrowth = 1.1;

/**
 * A limit that nobody tells, on requests or tokens, learnt from refusals: between two moments at which the server's bucket was empty, what
 * it admitted is what had flowed in. From there the pace grows until the server refuses again.
 */
export class LearntPace {
  readonly #options: LearntPaceOptions;
  #limit: PacedLimit | undefined;
  #announced = 0;
  /** Since the bucket was empty last; before the first refusal, since sending began. */
  readonly #flow: AdmittedFlow;
  readonly #likely = new LikelyMeasure();
  readonly #growth = new PaceGrowth();
  /** When somebody started last, or was held back by the pace. */
  #lastUseMs: number;
  #episodeMs: number | undefined;
  /** Of the requests that began lately, how many were refused. */
  #refusedShare = 0;
  #seen = 0;
  /** Pace and share of refused ones when a cut last had, or may have had, an effect. */
  #reference = { amount: 0, refusedShare: 0 };
  /** In a millisecond, before the last mark. */
  #flowBefore: Weights = noWeights;
  #letBeUntilMs = -Infinity;
  #grownMs = 0;

  constructor(options: LearntPaceOptions) {
    this.#options = options;
    this.#lastUseMs = options.clock();
    this.#flow = new AdmittedFlow(this.#lastUseMs);
  }

  start(weights: Weights): void {
    const nowMs = this.#options.clock();
    if (nowMs - this.#lastUseMs > idleMs) this.#flow.mark(nowMs, true);
    this.#lastUseMs = nowMs;
    this.#flow.start(nowMs, weights);
    this.#likely.start(nowMs, weights);
    this.#seen += 1;
    this.#refusedShare *= 1 - 1 / memory;
  }

  /** What an answer did not use was given back to the server's bucket, which in the pause after a refusal fills up anyway. */
  settle(unused: Weights): void {
    if (this.#episodeMs === undefined) this.#flow.giveBack(unused);
    this.#likely.giveBack(unused);
  }

  refuse(weights: Weights): void {
    this.#flow.giveBack(weights);
    this.#likely.refuse(weights);
    this.#refusedShare += 1 / memory;
  }

  /** An episode of refusals begins. What it teaches is known when those under way have been answered. */
  beginEpisode(): void {
    this.#episodeMs = this.#options.clock();
    this.#likely.beginEpisode();
  }

  /**
   * @param isOverrun Whether so many were refused at once that it cannot be chance.
   * @param told What the server said that the limit is on. One on tokens is no chance: nobody says so by mistake. Default: what it is likely
   *   to be on.
   */
  endEpisode(isOverrun: boolean, told?: Measure): void {
    const nowMs = this.#options.clock();
    const episodeMs = this.#episodeMs;
    this.#episodeMs = undefined;
    if (episodeMs === undefined || nowMs < this.#letBeUntilMs) return;
    const measure = told ?? this.#likely.measure;
    const isTold = told !== undefined && told !== "requests";
    const isLimit = isTold || isOverrun || !this.#isChance;
    if (!isLimit && this.#limit === undefined) return;
    const isOther = this.#limit !== undefined && this.#limit.spec.measure !== measure;
    if (isOther) this.#drop();
    const perMinute = this.#learn(episodeMs, nowMs, { measure, isOverrun, isOther, isLate: !isTold && !isOverrun });
    const hasEffect = this.#refusedShare < this.#reference.refusedShare * farFewer;
    if (isTold || isOverrun || hasEffect || this.#limit === undefined)
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

  get #isChance(): boolean {
    if (this.#seen >= requestsToTrust) return this.#refusedShare <= chanceShare;
    const refusals = Math.round(this.#refusedShare * memory);
    return refusals < refusalsToTrust || refusals < this.#seen * clearShare;
  }

  /** @returns what a minute allows, by what was admitted since the last mark. */
  #learn(episodeMs: number, nowMs: number, lesson: Lesson): number {
    const { measure, isOverrun, isOther } = lesson;
    const flow = this.#flow.perMs(episodeMs, measure, assumedBurstMs);
    const learnt = Math.max(flow, isOther ? this.#flowBefore[measure] : 0) * minuteMs * cautiousShare;
    this.#flowBefore = this.#flow.allPerMs(episodeMs, assumedBurstMs);
    const withoutBurst = this.#flow.perMs(episodeMs, measure, 0) * minuteMs * cautiousShare;
    // The pause, in which the bucket filled, counts as time in use.
    this.#flow.mark(episodeMs, false);
    this.#lastUseMs = nowMs;
    this.#grownMs = nowMs;
    const before = this.#limit?.spec.amount;
    const [least, most] = before === undefined ? [0, Infinity] : [before * cutOf(isOverrun), before * smallestCut];
    const perMinute = Math.min(Math.max(learnt, least), most);
    const isTooLow = before === undefined && lesson.isLate;
    // Limits on requests may be enforced with no burst at all.
    const likely = isTooLow ? Infinity : measure === "requests" ? withoutBurst : 0;
    this.#growth.restart(before, perMinute, Math.min(most, likely));
    return perMinute;
  }

  #giveUp(nowMs: number): void {
    this.#drop();
    this.#letBeUntilMs = nowMs + letBeMs;
    this.#flow.mark(nowMs, true);
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
    const perSecond = this.#growth.perSecond(limit.spec.amount, nowMs - this.#flow.markMs);
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
}

/** What an episode of refusals says. */
interface Lesson {
  readonly measure: Measure;
  readonly isOverrun: boolean;
  /**
   * Whether the pace was one of another measure. Then what came before the last mark is looked at as well: since then that pace, which
   * was none, may have held back most.
   */
  readonly isOther: boolean;
  /** Whether it took several episodes to be sure of it: then much of the time was spent in pauses, and the limit may be far higher. */
  readonly isLate: boolean;
}

function cutOf(isOverrun: boolean): number {
  return isOverrun ? largestCut : largestCutForFew;
}
