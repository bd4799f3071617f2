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

export const noUsage: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
};

export function totalTokens(usage: Usage): number {
  return usage.promptTokens + usage.completionTokens;
}
