import type { RunEvent } from "../model/event.ts";
import { type Failure, type FailureKind, isThrottled } from "../model/failure.ts";
import type { LineResult } from "../model/result.ts";
import { type Usage, totalTokens } from "../model/usage.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { LearnedLimits } from "./learned-limits.ts";
import { LineCounts } from "./line-counts.ts";
import { type StatsClock, Throughput } from "./throughput.ts";
import type { LatencyJson, LearnedLimitJson, TokenStatsJson } from "./token-stats-json.ts";
import { UsageSum } from "./usage-sum.ts";

/**
 * Counts what a run takes, from nothing but the run's events, and can be read at any time. What each figure means stands at
 * `TokenStatsJson`; the getters have the same names in camelCase.
 */
export class TokenStats {
  readonly #throughput: Throughput;
  readonly #lines = new LineCounts();
  readonly #spent = new UsageSum();
  readonly #fromCache = new UsageSum();
  readonly #latency = new LatencyHistogram();
  readonly #limits = new LearnedLimits();
  #pauses = 0;
  #attempts = 0;
  #retries = 0;
  #rateLimited = 0;

  constructor(clock: StatsClock = systemClock) {
    this.#throughput = new Throughput(clock);
  }

  /** Counts one event, in about a microsecond. Bound, so it can be handed over as an `Observer` as it is. */
  readonly observe = (event: RunEvent): void => {
    this.#throughput.start();
    switch (event.type) {
      case "request-start":
        this.#lines.start();
        break;
      case "attempt-start":
        if (event.attempt > 1) this.#lines.retry(event.lineNumber);
        break;
      case "attempt-end":
        this.#countAttempt(event);
        break;
      case "retry-wait":
        this.#lines.waitForRetry(event.lineNumber);
        break;
      case "request-end":
        this.#countResult(event.result);
        break;
      case "pause":
        this.#pauses += 1;
        break;
      case "limit-learned":
        this.#limits.add(event);
        break;
      default: // The others take nothing.
    }
  };

  /** Tells how many lines the input has, once that is known. */
  setTotal(lines: number): void {
    this.#lines.setTotal(lines);
  }

  /** Tells that the run is over: its time stands still, and lines without a result count as skipped. */
  end(): void {
    this.#throughput.end();
  }

  get promptTokens(): number {
    return this.#spent.promptTokens;
  }

  get completionTokens(): number {
    return this.#spent.completionTokens;
  }

  get totalTokens(): number {
    return totalTokens(this.#spent);
  }

  get cachedTokens(): number {
    return this.#spent.cachedTokens;
  }

  get reasoningTokens(): number {
    return this.#spent.reasoningTokens;
  }

  get fromCache(): Usage {
    return this.#fromCache;
  }

  get requestsTotal(): number {
    return this.#lines.total;
  }

  get requestsCompleted(): number {
    return this.#lines.completed;
  }

  get requestsFailed(): number {
    return this.#lines.failed;
  }

  get requestsSkipped(): number {
    return this.#throughput.hasEnded ? this.#lines.total - this.#lines.done : 0;
  }

  /** Lines that wait at this moment to be asked again. */
  get requestsRetrying(): number {
    return this.#lines.retrying;
  }

  get cacheHits(): number {
    return this.#lines.cacheHits;
  }

  get cacheHitRatio(): number {
    return this.#lines.cacheHits / Math.max(1, this.#lines.done);
  }

  get deduplicated(): number {
    return this.#lines.deduplicated;
  }

  get cutOff(): number {
    return this.#lines.cutOff;
  }

  get attempts(): number {
    return this.#attempts;
  }

  get retries(): number {
    return this.#retries;
  }

  get rateLimited(): number {
    return this.#rateLimited;
  }

  get pauses(): number {
    return this.#pauses;
  }

  get limitsLearned(): readonly LearnedLimitJson[] {
    return this.#limits.list;
  }

  /** In the order of `failureKinds`. */
  get failures(): Partial<Record<FailureKind, number>> {
    return this.#lines.failures;
  }

  get failureMessages(): LineCounts["failureMessages"] {
    return this.#lines.failureMessages;
  }

  get latencyMs(): LatencyJson | null {
    const latency = this.#latency;
    if (latency.count === 0) return null;
    return {
      p50: rounded(latency.percentile(0.5)),
      p90: rounded(latency.percentile(0.9)),
      p99: rounded(latency.percentile(0.99)),
      max: rounded(latency.max),
      mean: rounded(latency.mean),
    };
  }

  get startTime(): Date {
    return this.#throughput.startTime;
  }

  get elapsedSeconds(): number {
    return this.#throughput.elapsedMs / 1000;
  }

  get requestsPerSecond(): number {
    return this.#throughput.linesPerSecond;
  }

  get tokensPerSecond(): number {
    return this.#throughput.tokensPerSecond;
  }

  /** How long that many more lines will take at the present pace; undefined while there is no pace yet. */
  secondsFor(requests: number): number | undefined {
    return this.#throughput.secondsFor(requests);
  }

  toJSON(): TokenStatsJson {
    return {
      ...this.#spent.toJSON(),
      requests_total: this.requestsTotal,
      requests_completed: this.requestsCompleted,
      requests_failed: this.requestsFailed,
      requests_skipped: this.requestsSkipped,
      cache_hits: this.cacheHits,
      cache_hit_ratio: rounded(this.cacheHitRatio),
      deduplicated: this.deduplicated,
      cut_off: this.cutOff,
      attempts: this.attempts,
      retries: this.retries,
      rate_limited: this.rateLimited,
      pauses: this.pauses,
      limits_learned: this.limitsLearned,
      failures: this.failures,
      failure_messages: Object.fromEntries(
        this.failureMessages.map(([kind, { message, lineNumber: line_number }]) => [kind, { message, line_number }]),
      ),
      from_cache: this.#fromCache.toJSON(),
      latency_ms: this.latencyMs,
      requests_per_second: rounded(this.requestsPerSecond),
      tokens_per_second: rounded(this.tokensPerSecond),
      start_time: this.startTime.toISOString(),
      elapsed_seconds: rounded(this.elapsedSeconds),
    };
  }

  #countAttempt(attempt: { attempt: number; durationMs: number; usage?: Usage; failure?: Failure }): void {
    this.#attempts += 1;
    if (attempt.attempt > 1) this.#retries += 1;
    if (attempt.failure === undefined) this.#latency.add(attempt.durationMs);
    else if (isThrottled(attempt.failure)) this.#rateLimited += 1;
    if (attempt.usage === undefined) return;
    this.#spent.add(attempt.usage);
    this.#throughput.addTokens(totalTokens(attempt.usage));
  }

  #countResult(result: LineResult): void {
    this.#lines.end(result);
    const isFromCache = result.status === "succeeded" && result.source === "cache";
    if (isFromCache) this.#fromCache.add(result.response.usage);
    if (result.status === "succeeded" || result.failure.kind !== "cancelled") this.#throughput.addLine(isFromCache);
  }
}

const systemClock: StatsClock = {
  monotonicMs: () => performance.now(),
  date: () => new Date(),
};

/** To thousandths. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
