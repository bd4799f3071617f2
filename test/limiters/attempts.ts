import type { Attempt } from "../../src/model/attempt.ts";
import type { Failure, FailureKind } from "../../src/model/failure.ts";

/** An attempt that a server answered, using `tokens` of them. */
export function answered(tokens = 0): Attempt {
  const usage = { promptTokens: tokens, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
  return { ok: true, answer: { statusCode: 200, requestId: "", body: "{}", usage } };
}

/** An attempt that failed, and may be repeated unless `details` says otherwise. */
export function failed(kind: FailureKind, details: Partial<Failure> = {}): Attempt & { readonly ok: false } {
  return { ok: false, failure: { kind, message: `It was a ${kind}.`, retryable: true, ...details } };
}

export const never: AbortSignal = new AbortController().signal;
