/** When to ask again. All times in milliseconds. */
export interface RetryPolicy {
  /** Attempts after the first. Being throttled spends none of them. @default 5 */
  readonly maxRetries: number;
  /** Ceiling of the first backoff; it doubles with each retry. @default 1000 */
  readonly retryDelayMs: number;
  /** Ceiling of every backoff. A server's Retry-After is kept in full, whatever its length. @default 60000 */
  readonly maxRetryDelayMs: number;
  /** How long rate limits and overload alone may hold one request up, from the first time on. @default 1800000 */
  readonly maxWaitMs: number;
}
