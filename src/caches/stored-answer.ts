import type { ModelResponse } from "../model/attempt.ts";
import type { Usage } from "../model/usage.ts";

/** What a store keeps beside an answer's body. */
export interface StoredHead extends Omit<ModelResponse, "body"> {
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** Whether a value out of a store, which other programs can write, has the form that `set` gave it. */
export function isStoredHead(value: unknown): value is StoredHead {
  return (
    typeof value === "object" &&
    value !== null &&
    "statusCode" in value &&
    isCount(value.statusCode) &&
    value.statusCode >= 200 &&
    value.statusCode < 300 &&
    "requestId" in value &&
    typeof value.requestId === "string" &&
    "storedAt" in value &&
    isCount(value.storedAt) &&
    "usage" in value &&
    isUsage(value.usage)
  );
}

/** @param ttlMs How long an answer is good for; undefined for ever. */
export function isExpired(storedAt: number, now: number, ttlMs: number | undefined): boolean {
  return ttlMs !== undefined && storedAt + ttlMs <= now;
}

function isUsage(value: unknown): value is Usage {
  return (
    typeof value === "object" &&
    value !== null &&
    "promptTokens" in value &&
    isCount(value.promptTokens) &&
    "completionTokens" in value &&
    isCount(value.completionTokens) &&
    "cachedTokens" in value &&
    isCount(value.cachedTokens) &&
    "reasoningTokens" in value &&
    isCount(value.reasoningTokens)
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
