import type { FailureKind } from "../model/failure.ts";
import { LearnedLimits } from "./learned-limits.ts";
import { LineCounts } from "./line-counts.ts";
import { printAsJson } from "./print-as-json.ts";
import { rounded } from "./rounded.ts";
import { Saturation } from "./saturation.ts";
import { SpentFigures } from "./spent-figures.ts";
import { formatSummary } from "./summary.ts";
import type { Throughput } from "./throughput.ts";
import type { LearnedLimitJson, TokenStatsJson } from "./token-stats-json.ts";

/** The figures of a run. What each means stands at `TokenStatsJson`; the getters have the same names in camelCase. */
export abstract class RunFigures extends SpentFigures {
  protected readonly throughput: Throughput;
  protected lines: LineCounts = new LineCounts();
  protected readonly learned: LearnedLimits = new LearnedLimits();
  protected readonly saturation: Saturation = new Saturation();
  protected pauseCount: number = 0;

  constructor(throughput: Throughput) {
    super();
    this.throughput = throughput;
  }

  get requestsTotal(): number {
    return this.lines.total;
  }

  get requestsCompleted(): number {
    return this.lines.completed;
  }

  get requestsFailed(): number {
    return this.lines.failed;
  }

  get requestsSkipped(): number {
    return this.lines.skipped;
  }

  /** Lines that wait at this moment to be asked again. */
  get requestsRetrying(): number {
    return this.lines.retrying;
  }

  get cacheHits(): number {
    return this.lines.cacheHits;
  }

  get cacheHitRatio(): number {
    return this.lines.cacheHits / Math.max(1, this.lines.done);
  }

  get deduplicated(): number {
    return this.lines.deduplicated;
  }

  get cutAnswers(): number {
    return this.lines.cutAnswers;
  }

  get truncatedRequests(): number {
    return this.lines.truncated;
  }

  get sanitizedRequests(): number {
    return this.lines.sanitized;
  }

  get pauses(): number {
    return this.pauseCount;
  }

  get limitsLearned(): readonly LearnedLimitJson[] {
    return this.learned.list;
  }

  /** In the order of `failureKinds`. */
  get failures(): Partial<Record<FailureKind, number>> {
    return this.lines.failures;
  }

  get failureMessages(): LineCounts["failureMessages"] {
    return this.lines.failureMessages;
  }

  get startTime(): Date {
    return this.throughput.startTime;
  }

  get elapsedSeconds(): number {
    return this.throughput.elapsedMs / 1000;
  }

  get requestsPerSecond(): number {
    return this.throughput.linesPerSecond;
  }

  get tokensPerSecond(): number {
    return this.promptTokensPerSecond + this.completionTokensPerSecond;
  }

  get promptTokensPerSecond(): number {
    return this.throughput.promptTokensPerSecond;
  }

  get completionTokensPerSecond(): number {
    return this.throughput.completionTokensPerSecond;
  }

  get requestSaturation(): number {
    return this.saturation.ofRequests;
  }

  get tokenSaturation(): number {
    return this.saturation.ofTokens;
  }

  /** How long that many more lines will take at the present pace; undefined while there is no pace yet. */
  secondsFor(requests: number): number | undefined {
    return this.throughput.secondsFor(requests);
  }

  toJSON(): TokenStatsJson {
    return {
      ...this.asked.toJSON(),
      requests_total: this.requestsTotal,
      requests_completed: this.requestsCompleted,
      requests_failed: this.requestsFailed,
      requests_skipped: this.requestsSkipped,
      cache_hits: this.cacheHits,
      cache_hit_ratio: rounded(this.cacheHitRatio),
      deduplicated: this.deduplicated,
      cut_answers: this.cutAnswers,
      truncated_requests: this.truncatedRequests,
      sanitized_requests: this.sanitizedRequests,
      cost_saved_usd: this.costSavedUsd,
      cost_by_model: this.costByModel,
      cost_by_provider: this.costByProvider,
      prices_date: this.pricesDate,
      pauses: this.pauses,
      limits_learned: this.limitsLearned,
      failures: this.failures,
      failure_messages: Object.fromEntries(
        this.failureMessages.map(([kind, { message, lineNumber: line_number }]) => [kind, { message, line_number }]),
      ),
      from_cache: this.recalled.toJSON(),
      requests_per_second: rounded(this.requestsPerSecond),
      tokens_per_second: rounded(this.tokensPerSecond),
      prompt_tokens_per_second: rounded(this.promptTokensPerSecond),
      completion_tokens_per_second: rounded(this.completionTokensPerSecond),
      request_saturation: rounded(this.requestSaturation),
      token_saturation: rounded(this.tokenSaturation),
      by_model: this.models.toJSON(),
      by_provider: this.providers.toJSON(),
      start_time: this.startTime.toISOString(),
      elapsed_seconds: rounded(this.elapsedSeconds),
    };
  }

  /** The summary that the command line prints: a few aligned lines, without a final line feed. */
  override toString(): string {
    return formatSummary(this.toJSON());
  }

  protected addAll(other: RunFigures, times: 1 | -1): void {
    this.throughput.addAll(other.throughput, times);
    this.lines.addAll(other.lines, times);
    this.addSpent(other, times);
    this.learned.addAll(other.learned, times);
    if (times === 1) this.saturation.add(other.saturation);
    this.pauseCount += times * other.pauseCount;
  }
}

printAsJson(RunFigures.prototype);
