import type { Cost } from "../model/cost.ts";
import type { BatchRequest } from "../model/request.ts";

/** What an answer is taken to have when the request sets no limit: about the mean of short chat answers. */
const outputTokensWithoutLimit = 256;

/**
 * Request and answer together, as OpenAI-compatible servers commonly count against tokens per minute. OpenAI itself takes the
 * larger of the two (OpenAI rate limits guide); the sum is never less, and what was reserved too much comes back when the
 * answer reports its usage.
 */
export function estimateInputAndOutput(request: BatchRequest): Cost {
  return { tokens: inputTokens(request.body) + (request.maxOutputTokens ?? outputTokensWithoutLimit) };
}

/** The request alone: for embeddings, which answer no tokens, and for APIs that do not count `max_tokens` in advance. */
export function estimateInput(request: BatchRequest): Cost {
  return { tokens: inputTokens(request.body) };
}

/** A token is about 4 bytes of UTF-8, also in Chinese, where it is far from 4 characters. */
function inputTokens(body: string): number {
  return Math.ceil(Buffer.byteLength(body) / 4);
}
