import { count, isJsonObject, items, type JsonObject, member, parseJson } from "../json/json-value.ts";

/** What is asked for, as far as its length matters. */
export interface MeasuredRequest {
  /** The API. */
  readonly path: string;
  /** JSON text of an object. */
  readonly body: string;
  /** The most tokens the answer may have, over all choices; undefined where the body sets no limit. */
  readonly maxOutputTokens?: number | undefined;
}

/** Why a request is too long for its model. All are tokens. */
export interface Overflow {
  readonly inputTokens: number;
  /** Left for the answer: its limit, or a share of the window. */
  readonly outputTokens: number;
  readonly windowTokens: number;
}

/** Counts what a request takes of the window, without its answer. */
export type CountTokens = (request: MeasuredRequest) => number;

/** Of a request without a limit: a sixteenth of the window, at most 4,096 tokens, for an answer has to have some room. */
function defaultOutputTokens(windowTokens: number): number {
  return Math.min(Math.floor(windowTokens / 16), 4_096);
}

/**
 * Whether a request fits without a count: a token has at least one byte, and UTF-8 at most 3 bytes for each UTF-16 unit. What is named by
 * its address or its id has more tokens than characters: an image counts for up to 25,000.
 */
function fitsSurely({ path, body, maxOutputTokens }: MeasuredRequest, windowTokens: number): boolean {
  const room = windowTokens - (maxOutputTokens ?? (hasAnswer(path) ? defaultOutputTokens(windowTokens) : 0));
  const isShort = body.length * maxBytesPerUnit <= room || Buffer.byteLength(body) <= room;
  return isShort && !attachment.test(body);
}

const maxBytesPerUnit = 3;
const attachment = /"(?:image_url|input_audio|source|file_data|file_id|file_url)"/;

/** Measures a request. @returns undefined where it fits. */
export function overflowOf(request: MeasuredRequest, windowTokens: number, countTokens: CountTokens): Overflow | undefined {
  if (fitsSurely(request, windowTokens)) return undefined;
  const body = parseJson(request.body);
  if (!isJsonObject(body) || isTruncatedThere(request.path, body)) return undefined;
  const outputTokens = outputTokensOf(request.path, body, windowTokens);
  const inputTokens = countTokens(longestOf(request, body));
  return inputTokens + outputTokens > windowTokens ? { inputTokens, outputTokens, windowTokens } : undefined;
}

/** Whether the server itself drops what is too long: Responses can be asked to. */
function isTruncatedThere(path: string, body: JsonObject): boolean {
  return path.endsWith("/responses") && body["truncation"] === "auto";
}

/** Each choice has the window for itself, so `n` does not count. */
function outputTokensOf(path: string, body: JsonObject, windowTokens: number): number {
  if (!hasAnswer(path)) return 0;
  const limit = body["max_completion_tokens"] ?? body["max_tokens"] ?? body["max_output_tokens"];
  return count(limit) || defaultOutputTokens(windowTokens);
}

function hasAnswer(path: string): boolean {
  return !path.endsWith("/embeddings");
}

/** Of texts that are asked together, each has the window for itself: the longest is measured. */
function longestOf(request: MeasuredRequest, body: JsonObject): MeasuredRequest {
  const key = request.path.endsWith("/embeddings") ? "input" : "prompt";
  const isOfTexts = request.path.endsWith("/embeddings") || (request.path.endsWith("/completions") && "prompt" in body);
  const texts = isOfTexts ? items(member(body, key)) : [];
  const [first] = texts;
  if (texts.length < 2 || typeof first === "number") return request;
  const longest = texts.reduce((one, other) => (lengthOf(other) > lengthOf(one) ? other : one), first);
  return { ...request, body: JSON.stringify({ model: body["model"], [key]: longest }) };
}

/** A text, or its tokens. */
function lengthOf(text: unknown): number {
  return typeof text === "string" || Array.isArray(text) ? text.length : 0;
}
