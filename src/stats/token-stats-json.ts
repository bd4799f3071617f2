import type { FailureKind } from "../model/failure.ts";
import type { LimitSource, LimitUnit } from "../model/rate-limit.ts";

/** Tokens as they stand in files: part of `TokenStatsJson`. */
export interface UsageJson {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** `prompt_tokens` and `completion_tokens` together. */
  readonly total_tokens: number;
  /** Part of `prompt_tokens`: read from the provider's own prompt cache. */
  readonly cached_tokens: number;
  /** Part of `prompt_tokens`: written to it. */
  readonly cache_write_tokens: number;
  /** Part of `completion_tokens`. */
  readonly reasoning_tokens: number;
}

/** What attempts at one model or provider took. Answers from the cache took none. */
export interface AttemptSumsJson extends UsageJson {
  /** Attempts that brought an answer. */
  readonly requests_completed: number;
  /** HTTP calls that have ended. */
  readonly attempts: number;
  /** Of these, the ones that were not the first of their line. */
  readonly retries: number;
  /** Of these, the ones that a rate limit or overload throttled. */
  readonly rate_limited: number;
  /** US dollars, of all that is priced; `null` where something was used and nothing has a known price. */
  readonly cost_usd: number | null;
  /** Of these, what providers reported themselves (OpenRouter, xAI): the rest is reckoned. */
  readonly cost_reported_usd: number;
  /** HTTP calls that used tokens, and whose price is known. */
  readonly priced_requests: number;
  /** Those whose price is not known: they are not in `cost_usd`. */
  readonly unpriced_requests: number;
  /** Durations of attempts that brought an answer; percentiles are within 1 %. `null` when there was none. */
  readonly latency_ms: LatencyJson | null;
}

/**
 * What a run took, as it stands in `FILE.stats.json`. Scripts depend on these keys.
 *
 * The tokens at the top are what providers reported for this run, every attempt counted once, also attempts that failed and were
 * billed nevertheless. Tokens of answers from the cache were paid for by an earlier run and stand in `from_cache` alone.
 */
export interface TokenStatsJson extends AttemptSumsJson {
  /** Lines of the input, or the lines seen so far while their number is not known. */
  readonly requests_total: number;
  /** Lines that succeeded, whatever their answer's source. */
  readonly requests_completed: number;
  readonly requests_failed: number;
  /** Lines left for another run because this one was stopped: total − completed − failed once the run is over, 0 before. */
  readonly requests_skipped: number;
  /** Lines answered from the cache. */
  readonly cache_hits: number;
  /** Lines that shared the answer of an identical one. */
  readonly deduplicated: number;
  /** Lines whose answer ended because it had as many tokens as it may. */
  readonly cut_answers: number;
  /** Requests that lost their oldest turns, because they were too long for their model. */
  readonly truncated_requests: number;
  /** Requests that lost what their model is known to refuse. */
  readonly sanitized_requests: number;
  /** Of the lines that are done, the share that the cache answered; 0 to 1. */
  readonly cache_hit_ratio: number;
  /** What the answers from the cache would have cost, in US dollars, of those whose price is known; `null` where none is. */
  readonly cost_saved_usd: number | null;
  /** `cost_usd` of each model and provider, named as below. */
  readonly cost_by_model: Readonly<Record<string, number | null>>;
  readonly cost_by_provider: Readonly<Record<string, number | null>>;
  /** The day of the list prices, as in `2026-09-23`; `null` where they were not used. */
  readonly prices_date: string | null;
  /** How often all requests of a provider and model had to wait because it throttled one. */
  readonly pauses: number;
  /** Limits that were not set: told by the provider, or learned from being throttled; the last of each kind. */
  readonly limits_learned: readonly LearnedLimitJson[];
  /** Failed lines by `error.code`; only the codes that occurred. Their sum is `requests_failed`. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** The commonest message for each of these codes, and the first line that had it. */
  readonly failure_messages: Readonly<Partial<Record<FailureKind, { readonly message: string; readonly line_number: number }>>>;
  readonly from_cache: UsageJson;
  /** Lines done and tokens spent each second: over the last 10 s while the run goes on, over all of it once it is over. */
  readonly requests_per_second: number;
  readonly tokens_per_second: number;
  readonly prompt_tokens_per_second: number;
  readonly completion_tokens_per_second: number;
  /** How much of the limit on requests that is nearest to being used up was used in the last minute: 0 without limits, 1 at most. */
  readonly request_saturation: number;
  /** Of the limit on tokens, in the same way. */
  readonly token_saturation: number;
  /** By the name that the provider has for the model. The first 100; all further ones are one entry, `(others)`. */
  readonly by_model: Readonly<Record<string, AttemptSumsJson>>;
  /** By the name of the provider and, of several keys, the number of the key. The first 100; further ones as with models. */
  readonly by_provider: Readonly<Record<string, AttemptSumsJson>>;
  /** ISO 8601, of the first thing that happened. */
  readonly start_time: string;
  readonly elapsed_seconds: number;
}

export interface LearnedLimitJson {
  readonly provider: string;
  readonly model: string;
  readonly unit: LimitUnit;
  readonly amount: number;
  readonly period_seconds: number;
  readonly source: LimitSource;
}

export interface LatencyJson {
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}
