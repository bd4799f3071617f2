import type { ModelResponse } from "../model/attempt.ts";
import { ConfigurationError } from "../model/errors.ts";
import { type Billing, maxReportedUsd, type Usage } from "../model/usage.ts";

/** What a store keeps beside an answer's body. */
export interface StoredHead extends Omit<ModelResponse, "body" | "usage"> {
  readonly usage: StoredUsage;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** Answers that an earlier version stored do not tell what was written to the provider's cache. */
type StoredUsage = Omit<Usage, "cacheWriteTokens"> & Partial<Pick<Usage, "cacheWriteTokens">>;

export function usageOf({ usage }: StoredHead): Usage {
  return { cacheWriteTokens: 0, ...usage };
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

/**
 * An option of a cache that is an amount.
 *
 * @throws ConfigurationError for anything that is no number above 0, naming the option.
 */
export function readAmount(option: string, value: number | undefined): number | undefined {
  if (value === undefined || (typeof value === "number" && value > 0)) return value;
  throw new ConfigurationError(`${option}: expected a number above 0, not ${JSON.stringify(value)}`);
}

/** @param ttl In seconds. @returns milliseconds. @throws ConfigurationError as `readAmount` does. */
export function readTtlMs(ttl: number | undefined): number | undefined {
  const seconds = readAmount("ttl", ttl);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

/** @param ttlMs How long an answer is good for; undefined for ever. */
export function isExpired(storedAt: number, now: number, ttlMs: number | undefined): boolean {
  return ttlMs !== undefined && storedAt + ttlMs <= now;
}

function isUsage(value: unknown): value is StoredUsage {
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
    isCount(value.reasoningTokens) &&
    (!("cacheWriteTokens" in value) || isCount(value.cacheWriteTokens)) &&
    (!("billing" in value) || isBilling(value.billing))
  );
}

/** Complete, as the type says. What it does not list another version stored: it is kept, and has no effect. */
const billingChecks: Readonly<Record<keyof Billing, (value: unknown) => boolean>> = {
  inputAudioTokens: isCount,
  outputAudioTokens: isCount,
  cachedAudioTokens: isCount,
  hourCacheWriteTokens: isCount,
  tier: (value) => value === "batch" || value === "flex" || value === "priority",
  reportedCostUsd: (value) => typeof value === "number" && value >= 0 && value <= maxReportedUsd,
};

function isBilling(value: unknown): value is Billing {
  if (typeof value !== "object" || value === null) return false;
  const given = new Map(Object.entries(value));
  return Object.entries(billingChecks).every(([key, isValid]) => !given.has(key) || isValid(given.get(key)));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
