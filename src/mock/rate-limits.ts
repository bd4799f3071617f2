import { ceilMs, formatDuration } from "./duration.ts";
import type { Reply } from "./reply.ts";
import { errorReply } from "./reply.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface Limits {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
}

/** Why a request was turned away, and how long it would have to wait. */
export interface Refusal {
  readonly type: "requests" | "tokens";
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** Whole milliseconds, rounded up. */
  readonly retryAfterMs: number;
}

/** Requests and tokens per minute, checked together: who is refused takes nothing from either. */
export class RateLimits {
  readonly #requests: TokenBucket | undefined;
  readonly #tokens: TokenBucket | undefined;

  /** @param now A monotonic clock in milliseconds. */
  constructor(limits: Limits, now: () => number) {
    const { requestsPerMinute, tokensPerMinute } = limits;
    this.#requests = requestsPerMinute === undefined ? undefined : new TokenBucket(requestsPerMinute, now);
    this.#tokens = tokensPerMinute === undefined ? undefined : new TokenBucket(tokensPerMinute, now);
  }

  /** Takes one request and `tokens`, if both are there. @returns undefined when they were, or what was short for longest. */
  admit(tokens: number): Refusal | undefined {
    const requestsWaitMs = this.#requests?.waitMs(1) ?? 0;
    const tokensWaitMs = this.#tokens?.waitMs(tokens) ?? 0;
    if (this.#requests !== undefined && requestsWaitMs > 0 && requestsWaitMs >= tokensWaitMs)
      return refusal("requests", this.#requests, 1, requestsWaitMs);
    if (this.#tokens !== undefined && tokensWaitMs > 0) return refusal("tokens", this.#tokens, tokens, tokensWaitMs);
    this.#requests?.take(1);
    this.#tokens?.take(tokens);
    return undefined;
  }

  /** Replaces what was reserved at admission by what was really used. */
  settle(reservedTokens: number, usedTokens: number): void {
    this.#tokens?.take(usedTokens - reservedTokens);
  }

  /** The `x-ratelimit-…` headers of the limits that are set (OpenAI API, rate limits guide). */
  headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.#requests !== undefined) addHeaders(headers, "requests", this.#requests);
    if (this.#tokens !== undefined) addHeaders(headers, "tokens", this.#tokens);
    return headers;
  }
}

/** A refusal as OpenAI words it. `retry-after` is in whole seconds there, so `retry-after-ms` carries the exact wait. */
export function refusalReply(model: string, { type, limit, used, requested, retryAfterMs }: Refusal): Reply {
  const limitName = type === "requests" ? "requests per min (RPM)" : "tokens per min (TPM)";
  const figures = `Limit ${limit}, Used ${used}, Requested ${requested}`;
  const message = `Rate limit reached for ${model} on ${limitName}: ${figures}. Please try again in ${formatDuration(retryAfterMs)}.`;
  const headers = { "retry-after": String(Math.ceil(retryAfterMs / 1000)), "retry-after-ms": String(retryAfterMs) };
  return errorReply(429, message, { type, code: "rate_limit_exceeded", headers });
}

function refusal(type: Refusal["type"], bucket: TokenBucket, requested: number, waitMs: number): Refusal {
  const limit = bucket.perMinute;
  return { type, limit, used: limit - bucket.available(), requested, retryAfterMs: Math.max(1, ceilMs(waitMs)) };
}

function addHeaders(headers: Record<string, string>, type: Refusal["type"], bucket: TokenBucket): void {
  headers[`x-ratelimit-limit-${type}`] = String(bucket.perMinute);
  headers[`x-ratelimit-remaining-${type}`] = String(bucket.available());
  headers[`x-ratelimit-reset-${type}`] = formatDuration(bucket.fullInMs());
}
