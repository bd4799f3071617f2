import type { RunEvent } from "../model/event.ts";
import type { LineResult } from "../model/result.ts";
import { LineCounts } from "./line-counts.ts";
import type { AttemptEnd } from "./sums/attempt-sums.ts";
import { RunFigures } from "./run-figures.ts";
import type { LimitsInUse } from "./saturation.ts";
import { type StatsClock, Throughput } from "./throughput.ts";
import { CostSum } from "./sums/cost-sum.ts";
import { UsageSum } from "./sums/usage-sum.ts";

/**
 * Counts what a run takes, from nothing but the run's events, and can be read at any time. What each figure means stands at
 * `TokenStatsJson`; the getters have the same names in camelCase.
 */
export class TokenStats extends RunFigures {
  #paidLines: ReadonlySet<number> = new Set();

  constructor(clock: StatsClock = systemClock) {
    super(new Throughput(clock));
  }

  /** Counts one event, in about a microsecond. Bound, so it can be handed over as an `Observer` as it is. */
  readonly observe = (event: RunEvent): void => {
    this.throughput.start();
    switch (event.type) {
      case "request-start":
        this.lines.start();
        break;
      case "request-changed":
        this.lines.change(event);
        break;
      case "attempt-start":
        if (event.attempt > 1) this.lines.retry(event.lineNumber);
        break;
      case "attempt-end":
        this.#countAttempt(event);
        break;
      case "retry-wait":
        this.lines.waitForRetry(event.lineNumber);
        break;
      case "request-end":
        this.#countResult(event.result);
        break;
      case "pause":
        this.pauseCount += 1;
        break;
      case "limit-learned":
        this.learned.add(event);
        break;
      default: // The others take nothing.
    }
  };

  /** Tells how many lines the input has, once that is known. */
  setTotal(lines: number): void {
    this.lines.setTotal(lines);
  }

  /**
   * Tells that all lines so far come again, those of a pilot: they are counted then. What their attempts took stays.
   *
   * @param paidLines Numbers of those that were asked for and answered: from the cache, they save nothing. @default none
   */
  forgetLines(paidLines: ReadonlySet<number> = new Set()): void {
    this.lines = new LineCounts();
    this.recalled = new UsageSum();
    this.saved = new CostSum();
    this.#paidLines = paidLines;
    this.throughput.forgetLines();
  }

  /** Tells that the run is over: its time stands still, and lines without a result count as skipped. */
  end(): void {
    if (this.throughput.hasEnded) return;
    this.throughput.end();
    this.lines.over();
    this.saturation.end();
  }

  /** Tells where the use of limits can be read: `() => manager.rateLimitStatus()`. A manager does so for its own statistics. */
  watchLimits(read: () => readonly LimitsInUse[]): void {
    this.saturation.watch(read);
  }

  /** Tells the day of the list prices: `prices.date`. A manager does so for its own statistics. */
  setPricesDate(date: string | undefined): void {
    this.listDate = date;
  }

  /** Lines that were answered before `forgetLines`, and paid for. */
  get linesPaidBefore(): number {
    return this.#paidLines.size;
  }

  /** What both took together, as it is now: it does not count on. With new statistics it is a copy. */
  merge(other: TokenStats): TokenStats {
    return this.#combine(other, 1);
  }

  /** What was taken since an earlier copy, or by the others in a sum; it does not count on. */
  diff(earlier: TokenStats): TokenStats {
    return this.#combine(earlier, -1);
  }

  #combine(other: TokenStats, times: 1 | -1): TokenStats {
    const combined = new TokenStats();
    combined.addAll(this, 1);
    combined.addAll(other, times);
    return combined;
  }

  #countAttempt(attempt: AttemptEnd): void {
    this.asked.add(attempt);
    this.models.add(attempt.model, attempt);
    this.providers.add(attempt.provider, attempt);
    if (attempt.usage !== undefined) this.throughput.addTokens(attempt.usage);
  }

  #countResult(result: LineResult): void {
    this.lines.end(result);
    const isFromCache = result.status === "succeeded" && result.source === "cache";
    if (isFromCache) {
      this.recalled.add(result.response.usage);
      if (!this.#paidLines.has(result.lineNumber)) this.saved.add(result.savedUsd ?? null);
    }
    if (result.status === "succeeded" || result.failure.kind !== "cancelled") this.throughput.addLine(isFromCache);
  }
}

const systemClock: StatsClock = {
  monotonicMs: () => performance.now(),
  date: () => new Date(),
};
