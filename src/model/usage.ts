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
