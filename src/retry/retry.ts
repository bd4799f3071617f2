import type { Failure } from "../model/failure.ts";

/** When to ask again. All times in milliseconds. */
export interface RetryPolicy {
  /** Attempts after the first; being turned away by a limit spends none of them. */
  readonly maxRetries: number;
  /** Ceiling of the first backoff; it doubles with each retry. */
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** How long one request may be turned away by rate limits and overload alone, from its first refusal. */
  readonly maxWaitMs: number;
}

export interface RetryWait {
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly failure: Failure;
}
