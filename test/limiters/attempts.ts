import type { SucceededAttempt, FailedAttempt } from "../../src/model/attempt.ts";
import { type Demand, demandOf, type Target } from "../../src/model/demand.ts";
import type { Failure, FailureKind } from "../../src/model/failure.ts";
import { minuteMs, type RateLimit } from "../../src/model/rate-limit.ts";

/** An attempt that a server answered, using `tokens` of them. */
export function answered(tokens = 0): SucceededAttempt {
  const usage = { promptTokens: tokens, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  return { ok: true, response: { statusCode: 200, requestId: "", body: "{}", usage } };
}

/** An attempt that failed, and may be repeated unless `details` says otherwise. */
export function failed(kind: FailureKind, details: Partial<Failure> = {}): FailedAttempt {
  return { ok: false, failure: { kind, message: `It was a ${kind}.`, retryable: true, ...details } };
}

export const never: AbortSignal = new AbortController().signal;

const mock: Target = { name: "mock" };

/** Of a request that counts as so many tokens, and whose answer counts as none. */
export function demandFor(tokens: number, model = "mock-1"): Demand {
  return demandOf(mock, { model, inputTokens: tokens, counting: "input" });
}

export interface PerMinute {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

export function limitsOf({ requestsPerMinute, tokensPerMinute }: PerMinute): RateLimit[] {
  const limits: RateLimit[] = [];
  if (requestsPerMinute !== undefined) limits.push({ unit: "requests", amount: requestsPerMinute, periodMs: minuteMs });
  if (tokensPerMinute !== undefined) limits.push({ unit: "tokens", amount: tokensPerMinute, periodMs: minuteMs });
  return limits;
}
