/** What a request may take, as far as it can be told before it is answered. */
export interface Demand {
  /** Estimated from the length of the body. */
  readonly inputTokens: number;
  /** The most that all its answers together may have; undefined if it sets no limit. */
  readonly maxOutputTokens: number | undefined;
}

/** What a request has taken; all 0 if it was not answered. */
export interface Used {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Why a request was turned away, and how long it would have to wait. */
export interface Refusal {
  readonly type: "requests" | "tokens" | "input tokens" | "output tokens";
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** Whole milliseconds, rounded up. */
  readonly retryAfterMs: number;
}

/** The rules of one kind of provider. All limits are checked together: who is refused takes nothing from any. */
export interface RateLimits {
  /** Takes what the request needs. @returns undefined when it was there, or what was short for longest. */
  admit(demand: Demand): Refusal | undefined;
  /** Replaces what was taken at admission by what was really used. */
  settle(demand: Demand, used: Used): void;
  /** What is allowed, what is left and when all of it will be back, of the limits that are set. */
  headers(): Record<string, string>;
}

export const nothingUsed: Used = { inputTokens: 0, outputTokens: 0 };
