import type { Cost, TokenCounting } from "../model/cost.ts";
import type { BatchRequest } from "../model/request.ts";

/** What a request is expected to take from limits, before anything is known of its answer. */
export function estimate({ model, body, maxOutputTokens }: BatchRequest, counting: TokenCounting): Cost {
  return { model, inputTokens: inputTokens(body), maxOutputTokens, counting };
}

/** A token is about 4 bytes of UTF-8, also in Chinese, where it is far from 4 characters. */
function inputTokens(body: string): number {
  return Math.ceil(Buffer.byteLength(body) / 4);
}
