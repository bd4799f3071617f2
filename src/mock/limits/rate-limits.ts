/** What a request may take, as far as it can be told before it is answered. */
export interface Demand {
  /** Estimated from the length of the body. */
  readonly inputTokens: number;
  /** Maximum of all its answers together; undefined if it sets none. */
  readonly maxOutputTokens: number | undefined;
}

/** What a request has taken; all 0 if it was not answered. */
export interface Used {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The limit that throttles a request, and how long the request would have to wait. */
export interface Shortage {
  readonly type: "requests" | "tokens" | "input tokens" | "output tokens";
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** Whole milliseconds, rounded up. */
  readonly retryAfterMs: number;
}

/** The rules of one kind of provider. All limits are checked together: a throttled request takes nothing from any. */
export interface RateLimits {
  /** Takes what the request needs. @returns undefined when it was there, or the limit with the longest wait. */
  admit(demand: Demand): Shortage | undefined;
  /** Replaces what was taken at admission by what was really used. */
  settle(demand: Demand, used: Used): void;
  /** What is allowed, what is left and when all of it will be back, of the limits that are set. */
  headers(): Record<string, string>;
}

export const nothingUsed: Used = { inputTokens: 0, outputTokens: 0 };
