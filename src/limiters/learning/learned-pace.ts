import { minuteMs, type LimitUnit, noWeights, type RateLimit, type Weights } from "../../model/rate-limit.ts";
import { isThrottled } from "../../model/failure.ts";
import type { Ended, Gate, Start } from "../gate.ts";
import { PacedLimit } from "../limits/paced-limit.ts";
import { addWeights, subtractWeights } from "../limits/weights.ts";
import type { LearnedLimitsOptions } from "./learned-limits.ts";

interface LearnedPaceOptions extends Pick<LearnedLimitsOptions, "model" | "limits" | "clock"> {
  readonly onLearned: (limit: RateLimit) => void;
}

/** Servers hold about a second's worth: in any span they admit what flows in, and this. So spans of one to 16 s are measured. */
const burstMs = 1_000;
const maxMoments = 16;
/** An episode sets the pace to this share of the flow, within these shares of the pace before. */
const cautiousShare = 0.97;
const minCut = 0.95;
const maxCutByFew = 0.8;
const maxCut = 0.5;
/** Growth per second, doubled every 10 s. It begins at a fifth, because the first flow may be far too low; an episode takes back 20 s. */
const growthPerSecond = 0.005;
const growthDoublesMs = 10_000;
const calmMsAtFirst = 54_000;
const calmMsLost = 20_000;
const maxGrowthPerSecond = 0.25;
/** Of the latest 200 requests 12 rejections are no chance, and of the first ones 6 that are a seventh. */
const maxByChance = 12;
const maxByChanceAtFirst = 6;
const maxShareByChance = 0.15;
/** A pace that is cut by as much, and rejections are not four times rarer: they are chance, and let be for a while. */
const rarerShare = 0.25;
const uselessForMs = 30_000;
/** Rejections after requests that are larger than usual, by so many doublings together, mean a limit on tokens. */
const enoughDoublings = 1.5;

/** The pace at a server that rejects and names no limit: what it admitted lately, then more until it rejects again (AIMD). */
export class LearnedPace implements Gate {
  readonly #options: LearnedPaceOptions;
  /** What had been admitted when, and how much the server may have held then. */
  readonly #moments: { readonly atMs: number; readonly admitted: Weights; readonly burstMs: number }[] = [];
  #admitted: Weights = noWeights;
  #limit: PacedLimit | undefined;
  #announcedAmount = 0;
  #requests = 0;
  #rejected = 0;
  #episodeMs = 0;
  #doublings = 0;
  #unit: LimitUnit = "requests";
  /** The last pace that made rejections rarer, and how many there were. */
  #effective = { amount: 0, rejected: 0 };
  #uselessUntilMs = -Infinity;
  #calmSinceMs = 0;
  #grownMs = 0;

  constructor(options: LearnedPaceOptions) {
    this.#options = options;
  }

  /** Whether the latest rejections may be chance. */
  get isChance(): boolean {
    const clear = Math.min(maxByChance, Math.max(maxByChanceAtFirst, this.#requests * maxShareByChance));
    return this.#rejected < clear - 0.5 || this.#options.clock() < this.#uselessUntilMs;
  }

  /** Grows where it holds the request back; its limit blocks it then. By a second's growth at most: before, it held none back. */
  blockedBy({ weights }: Pick<Start, "weights">): undefined {
    const nowMs = this.#options.clock();
    const elapsedMs = nowMs - this.#grownMs;
    if (this.#limit === undefined || elapsedMs < 100 || this.#limit.waitMs(weights[this.#limit.spec.unit]) === 0) return;
    this.#grownMs = nowMs;
    const perSecond = Math.min(maxGrowthPerSecond, growthPerSecond * 2 ** ((nowMs - this.#calmSinceMs) / growthDoublesMs));
    this.#set(this.#limit.spec.amount * (1 + perSecond * Math.min(1, elapsedMs / 1_000)), this.#limit.spec.unit);
  }

  started({ weights }: Pick<Start, "weights">): void {
    const nowMs = this.#options.clock();
    if (nowMs - (this.#moments.at(-1)?.atMs ?? -Infinity) > burstMs) this.#remember(nowMs, burstMs);
    this.#admitted = addWeights(this.#admitted, weights);
    this.#requests += 1;
    this.#rejected *= 1 - 1 / 200;
  }

  ended({ attempt, start: { weights }, unused }: Ended): void {
    const isRejected = !attempt.ok && isThrottled(attempt.failure) && attempt.failure.kind === "rate_limit";
    if (isRejected) this.#rejected += 1;
    this.#admitted = subtractWeights(this.#admitted, isRejected ? weights : attempt.ok ? unused : noWeights);
  }

  /** The server begins to reject. What that teaches is known when those in flight have ended. */
  beginEpisode(): void {
    const nowMs = this.#options.clock();
    this.#episodeMs = nowMs;
    const before = this.#moments.findLast(({ atMs }) => atMs <= nowMs - burstMs)?.admitted ?? noWeights;
    const { requests, tokens } = subtractWeights(this.#admitted, before);
    if (requests < 1 || tokens < 1) return;
    const doublings = Math.log2((tokens * this.#admitted.requests) / (requests * this.#admitted.tokens));
    this.#doublings = Math.min(2 * enoughDoublings, Math.max(0, this.#doublings + Math.min(1, Math.max(-1, doublings))));
    if (this.#doublings >= enoughDoublings || this.#doublings === 0) this.#unit = this.#doublings > 0 ? "tokens" : "requests";
  }

  /** @param isOverrun Too many were rejected at once for chance. @param told What the server said that it limits. */
  endEpisode(isOverrun: boolean, told?: LimitUnit): void {
    const lastEpisode = this.#moments.findLastIndex((moment) => moment.burstMs === 0);
    // Nothing got through since then: the server is closed, which is no pace.
    if (this.#admitted.requests <= (this.#moments[Math.max(0, lastEpisode)]?.admitted.requests ?? 0)) return;
    const nowMs = this.#options.clock();
    const isSure = isOverrun || (told ?? "requests") !== "requests";
    if (nowMs < this.#uselessUntilMs || (!isSure && this.#limit === undefined && this.isChance)) return;
    const unit = told ?? this.#unit;
    if (this.#limit?.spec.unit !== unit) this.#drop();
    const before = this.#limit?.spec.amount;
    const [min, max] = before === undefined ? [0, Infinity] : [before * (isOverrun ? maxCut : maxCutByFew), before * minCut];
    const amount = Math.min(max, Math.max(min, this.#flowPerMs(unit) * minuteMs * cautiousShare));
    this.#moments.splice(0, lastEpisode);
    this.#remember(this.#episodeMs, 0);
    this.#grownMs = nowMs;
    this.#calmSinceMs = before === undefined ? nowMs - calmMsAtFirst : Math.min(nowMs, this.#calmSinceMs + calmMsLost);
    if (isSure || before === undefined || this.#rejected < this.#effective.rejected * rarerShare)
      this.#effective = { amount, rejected: this.#rejected };
    if (amount >= this.#effective.amount * maxCut) return this.#set(amount, unit);
    this.#drop();
    this.#uselessUntilMs = nowMs + uselessForMs;
  }

  #remember(atMs: number, heldMs: number): void {
    this.#moments.push({ atMs, admitted: this.#admitted, burstMs: heldMs });
    if (this.#moments.length > maxMoments) this.#moments.shift();
  }

  #flowPerMs(unit: LimitUnit): number {
    const spans = this.#moments.map(({ atMs, ...held }) => ({ ...held, ms: this.#episodeMs - atMs + held.burstMs + 1 }));
    return Math.max(1 / minuteMs, ...spans.map(({ admitted, ms }) => (this.#admitted[unit] - admitted[unit]) / ms));
  }

  #drop(): void {
    if (this.#limit !== undefined) this.#options.limits.remove(this.#limit);
    this.#limit = undefined;
    this.#announcedAmount = 0;
  }

  #set(amount: number, unit: LimitUnit): void {
    const { model, limits, clock, onLearned } = this.#options;
    if (this.#limit === undefined) {
      this.#limit = new PacedLimit({ unit, amount, periodMs: minuteMs, model }, "refusals", clock);
      limits.add(this.#limit);
    } else this.#limit.resize(amount);
    if (amount >= this.#announcedAmount && amount < this.#announcedAmount * 1.1) return;
    this.#announcedAmount = amount;
    onLearned(this.#limit.spec);
  }
}
