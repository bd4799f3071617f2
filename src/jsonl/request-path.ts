import type { JsonObject } from "../json/json-value.ts";

/**
 * Matches plain paths only: no host, no `..`, no query. The allowed characters are those of every known API path; percent-encoding is
 * not among them, so nothing needs decoding.
 */
export const plainPath: RegExp = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:-]+)+$/;

/** Azure's batch files leave out the version of these. */
const knownPath = /^\/(?:chat\/completions|completions|embeddings|responses|messages)$/;

export function withVersion(url: string): string {
  return knownPath.test(url) ? `/v1${url}` : url;
}

export const messagesPath = "/v1/messages";

/** Infers the API of a body whose line has no `url`. @returns undefined if the body does not show it. */
export function inferPath(body: JsonObject, model: string): string | undefined {
  if (body.messages !== undefined) return "/v1/chat/completions";
  if (body.input !== undefined) return isForEmbeddings(body, model) ? "/v1/embeddings" : "/v1/responses";
  if (body.prompt !== undefined) return "/v1/completions";
  return undefined;
}

/** Two APIs take `input`: their other parameters or the model's name tell them apart. */
function isForEmbeddings(body: JsonObject, model: string): boolean {
  return body.encoding_format !== undefined || body.dimensions !== undefined || /embed/i.test(model);
}

/** Chooses the API of a prompt by the provider that serves its model. @returns undefined for Chat Completions. */
export type PromptPath = (asked: { readonly model: string; readonly provider?: string }) => string | undefined;

export const maxTokensProblem =
  'the Messages API needs "max_tokens" beside a prompt: give it there, or for all requests (--set max_tokens=1024)';
