/**
 * Tokens of one answer, in one shape for every protocol. All counts are whole tokens.
 * `cachedTokens` are part of `promptTokens`, `reasoningTokens` part of `completionTokens`, as providers count them.
 */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
}

export function totalTokens(usage: Usage): number {
  return usage.promptTokens + usage.completionTokens;
}
