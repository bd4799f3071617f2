import type { JsonObject } from "./read-json.ts";

/**
 * A path and nothing but a path: it cannot name another host, climb out of a base URL's path, or carry a query. The few
 * characters that it allows are those of every API path known; percent-encoding is not among them, so there is nothing to decode.
 */
export const plainPath: RegExp = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:-]+)+$/;

export const anthropicPath = "/v1/messages";

/** Which API a body is for, when its line has no `url`. @returns undefined if the body does not show it. */
export function inferPath(body: JsonObject, model: string): string | undefined {
  if (body.messages !== undefined) return "/v1/chat/completions";
  if (body.input !== undefined) return isForEmbeddings(body, model) ? "/v1/embeddings" : "/v1/responses";
  if (body.prompt !== undefined) return "/v1/completions";
  return undefined;
}

/** `input` serves two APIs. Their other parameters tell them apart, or the model's name does. */
function isForEmbeddings(body: JsonObject, model: string): boolean {
  return body.encoding_format !== undefined || body.dimensions !== undefined || /embed/i.test(model);
}
