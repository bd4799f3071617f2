/**
 * How a provider counts a request against a limit of tokens that requests and answers share: their sum, the larger of the two (OpenAI), or
 * the request alone (Anthropic, embeddings).
 */
export type TokenCounting = "sum" | "larger" | "input";

/** What one attempt is expected to take from a provider's limits, as far as the request itself tells. Money is `costUsd`, elsewhere. */
export interface Cost {
  /** Limits are kept by model. */
  readonly model: string;
  /** Tokens of the request, estimated. A whole number, 0 or more. */
  readonly inputTokens: number;
  /** The most tokens that the answer may have, by the request's own limit; undefined when it sets none. */
  readonly maxOutputTokens?: number | undefined;
  readonly counting: TokenCounting;
}
