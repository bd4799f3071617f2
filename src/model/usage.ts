const nanoPerUsd = 1e9;

/** More is no cost of one answer, and would make sums inexact. */
export const maxReportedUsd = 1_000_000;

/**
 * Tokens of one answer, in one shape for every protocol. All counts are whole tokens.
 * `cachedTokens` and `cacheWriteTokens` are part of `promptTokens`, `reasoningTokens` part of `completionTokens`, however providers count.
 */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Read from the provider's own prompt cache. */
  readonly cachedTokens: number;
  /** Written to it. */
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** What is billed otherwise; absent of most answers. */
  readonly billing?: Billing;
}

/** What of an answer is billed otherwise than text at the standard price. */
export interface Billing {
  /** Part of `promptTokens`. */
  readonly inputAudioTokens?: number;
  /** Part of `completionTokens`. */
  readonly outputAudioTokens?: number;
  /** Part of `cachedTokens`. */
  readonly cachedAudioTokens?: number;
  /** Part of `cacheWriteTokens`: kept for an hour, at a higher price (Anthropic). */
  readonly hourCacheWriteTokens?: number;
  /** Half the price at most services. @default the standard tier */
  readonly tier?: "batch" | "flex" | "priority";
  /** What the provider says that it cost, in US dollars (OpenRouter). */
  readonly reportedCostUsd?: number;
}

export const noUsage: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

export function totalTokens(usage: Usage): number {
  return usage.promptTokens + usage.completionTokens;
}

/** Of two answers together. */
export function addUsage(one: Usage, other: Usage): Usage {
  const billing = addBilling(one.billing, other.billing);
  return {
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    cachedTokens: one.cachedTokens + other.cachedTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    ...(billing !== undefined && { billing }),
  };
}

/** A cost that is told of one of them only is left out: both then have that of their tokens. */
function addBilling(one: Billing | undefined, other: Billing | undefined): Billing | undefined {
  if (one === undefined || other === undefined) return leaveCostOut(one ?? other);
  const sum = (key: Exclude<keyof Billing, "tier">): number => (one[key] ?? 0) + (other[key] ?? 0);
  const tier = one.tier ?? other.tier;
  return {
    inputAudioTokens: sum("inputAudioTokens"),
    outputAudioTokens: sum("outputAudioTokens"),
    cachedAudioTokens: sum("cachedAudioTokens"),
    hourCacheWriteTokens: sum("hourCacheWriteTokens"),
    ...(tier !== undefined && { tier }),
    ...(one.reportedCostUsd !== undefined && other.reportedCostUsd !== undefined && { reportedCostUsd: sum("reportedCostUsd") }),
  };
}

function leaveCostOut(billing: Billing | undefined): Billing | undefined {
  if (billing?.reportedCostUsd === undefined) return billing;
  const { reportedCostUsd: _cost, ...rest } = billing;
  return rest;
}

/** Whole billionths of a US dollar. Sums of them are exact up to nine million dollars, in any order; sums of dollars drift. */
export function toNanoUsd(usd: number): number {
  return Math.round(usd * nanoPerUsd);
}

export function fromNanoUsd(nanoUsd: number): number {
  return nanoUsd / nanoPerUsd;
}

/** The sum of two amounts, to a billionth of a US dollar; null once one of them is not known. */
export function addUsd(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : fromNanoUsd(toNanoUsd(one) + toNanoUsd(other));
}
