import type { RetryPolicy } from "./retry-policy.ts";

type BackoffPolicy = Pick<RetryPolicy, "retryDelayMs" | "maxRetryDelayMs">;

/** More doublings would reach Infinity, and Infinity times a delay of 0 is not a number. */
const maxDoublings = 100;

/**
 * Exponential backoff with full jitter: anything up to a ceiling, so that requests that failed together do not come back together.
 *
 * @param retry 1 for the first.
 * @param random Uniform in [0, 1).
 * @returns Milliseconds, from 0 to below min(maxRetryDelayMs, retryDelayMs * 2^(retry - 1)).
 */
export function backoffMs(retry: number, { retryDelayMs, maxRetryDelayMs }: BackoffPolicy, random: () => number): number {
  return random() * Math.min(maxRetryDelayMs, retryDelayMs * 2 ** Math.min(retry - 1, maxDoublings));
}
