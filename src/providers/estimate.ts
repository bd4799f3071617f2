import type { Cost, TokenCounting } from "../model/cost.ts";
import type { BatchRequest } from "../model/request.ts";
import { estimateInputTokens } from "../tokens/tokens.ts";

/** What a request is expected to take from limits, before anything is known of its answer. */
export function estimate(request: BatchRequest, counting: TokenCounting): Cost {
  const { model, maxOutputTokens } = request;
  return { model, inputTokens: estimateInputTokens(request), maxOutputTokens, counting };
}
