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
