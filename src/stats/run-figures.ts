import type { FailureKind } from "../model/failure.ts";
import { type Usage, totalTokens } from "../model/usage.ts";
import { AttemptGroups } from "./attempt-groups.ts";
import { AttemptSums } from "./attempt-sums.ts";
import { LearnedLimits } from "./learned-limits.ts";
import { LineCounts } from "./line-counts.ts";
import { printAsJson } from "./print-as-json.ts";
import { rounded } from "./rounded.ts";
import { Saturation } from "./saturation.ts";
import { formatSummary } from "./summary.ts";
import type { Throughput } from "./throughput.ts";
import type { LatencyJson, LearnedLimitJson, TokenStatsJson } from "./token-stats-json.ts";
import { UsageSum } from "./usage-sum.ts";

/** The figures of a run. What each means stands at `TokenStatsJson`; the getters have the same names in camelCase. */
export abstract class RunFigures {
  protected readonly throughput: Throughput;
  protected lines: LineCounts = new LineCounts();
  protected readonly asked: AttemptSums = new AttemptSums();
  protected readonly models: AttemptGroups = new AttemptGroups();
  protected readonly providers: AttemptGroups = new AttemptGroups();
  protected recalled: UsageSum = new UsageSum();
  protected readonly learned: LearnedLimits = new LearnedLimits();
  protected readonly saturation: Saturation = new Saturation();
  protected pauseCount: number = 0;

  constructor(throughput: Throughput) {
    this.throughput = throughput;
  }

  get promptTokens(): number {
    return this.asked.usage.promptTokens;
  }

  get completionTokens(): number {
    return this.asked.usage.completionTokens;
  }

  get totalTokens(): number {
    return totalTokens(this.asked.usage);
  }

  get cachedTokens(): number {
    return this.asked.usage.cachedTokens;
  }

  get cacheWriteTokens(): number {
    return this.asked.usage.cacheWriteTokens;
  }

  get reasoningTokens(): number {
    return this.asked.usage.reasoningTokens;
  }

  get fromCache(): Usage {
    return this.recalled;
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

  get cutOff(): number {
    return this.lines.cutOff;
  }

  get attempts(): number {
    return this.asked.attempts;
  }

  get retries(): number {
    return this.asked.retries;
  }

  get rateLimited(): number {
    return this.asked.rateLimited;
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

  get latencyMs(): LatencyJson | null {
    return this.asked.latencyMs;
  }

  /** The sums of each model. */
  get byModel(): ReadonlyMap<string, AttemptSums> {
    return this.models.all;
  }

  /** The sums of each provider. */
  get byProvider(): ReadonlyMap<string, AttemptSums> {
    return this.providers.all;
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
      cut_off: this.cutOff,
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
  toString(): string {
    return formatSummary(this.toJSON());
  }

  protected addAll(other: RunFigures, times: 1 | -1): void {
    this.throughput.addAll(other.throughput, times);
    this.lines.addAll(other.lines, times);
    this.asked.addAll(other.asked, times);
    this.models.addAll(other.models, times);
    this.providers.addAll(other.providers, times);
    this.recalled.add(other.recalled, times);
    this.learned.addAll(other.learned, times);
    if (times === 1) this.saturation.add(other.saturation);
    this.pauseCount += times * other.pauseCount;
  }
}

printAsJson(RunFigures.prototype);
