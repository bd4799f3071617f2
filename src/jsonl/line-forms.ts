import { isJsonObject, type JsonObject } from "../json/json-value.ts";
import { lastValueText, objectMembers } from "../json/json-text.ts";
import { rewriteMembers } from "./member-text.ts";
import { Problem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { messagesPath } from "./request-path.ts";

/** The request of a line, whichever form the line has. */
export interface Draft {
  /** Parsed; the text that is sent comes from `cutTexts`. */
  readonly body: JsonObject;
  readonly form: "wrapped" | "bare" | "short";
  /** The member that holds the body; undefined where the line is the body. */
  readonly wrapper: "body" | "params" | undefined;
  /** The API, where the form implies it. */
  readonly path: string | undefined;
}

/** The parts of a line's text that a request keeps. */
interface DraftTexts {
  readonly body: string;
  /** JSON text on one line. */
  readonly metadata: string | undefined;
}

/**
 * Finds the body in an object line:
 *
 * - in `body` (OpenAI Batch; Mistral and Together, whose lines have no `method` and `url`);
 * - in `params` (Anthropic Message Batches);
 * - made of `prompt` and `system` (the short form), the other members unchanged;
 * - else the line is the body, without the envelope's members: `custom_id`, `method`, `url`, `metadata`, and
 *   `provider` if it is a text (OpenRouter's parameter is an object). To send a parameter of such a name, put the body in `body`.
 */
export function readForm(line: JsonObject, url: string | undefined): Draft | Problem {
  if (line.body !== undefined) return readWrapped(line, "body", undefined);
  if (line.params !== undefined) return readWrapped(line, "params", messagesPath);
  if (line.messages !== undefined || line.input !== undefined) return bare(line);
  if (line.prompt !== undefined && takesMessages(url)) return readShort(line, url);
  if (url !== undefined) return bare(line);
  return new Problem("has no `body`, `params`, `messages`, `input` or `prompt`, so there is nothing to send");
}

/** A text names one of the user's providers; OpenRouter's parameter of that name is an object. */
export function readProvider(line: unknown): string | undefined {
  return isJsonObject(line) && typeof line.provider === "string" ? line.provider : undefined;
}

/** Whether a line without a `url` is a prompt. */
export function isShort({ body, params, messages, input, prompt }: JsonObject): boolean {
  return prompt !== undefined && body === undefined && params === undefined && messages === undefined && input === undefined;
}

/** Whether a JSON string is a request that was written as JSON twice. Those who mean a prompt can write `{"prompt":"…"}`. */
export function holdsRequest(text: string): boolean {
  const value = text.trimStart().startsWith("{") ? readJson(text) : undefined;
  return isJsonObject(value) && !(readForm(value, undefined) instanceof Problem);
}

/** Of a line that is a JSON string: the prompt. */
export const promptDraft: Draft = { body: { messages: [] }, form: "short", wrapper: undefined, path: undefined };

/** @param text The JSON text of `line`. */
export function cutTexts(line: unknown, draft: Draft, text: string, url: string | undefined): DraftTexts {
  if (!isJsonObject(line)) return { body: `{${messagesMember(undefined, text.trim())}}`, metadata: undefined };
  const metadata = line.metadata === undefined ? undefined : readMetadata(text);
  if (draft.wrapper !== undefined) return { body: lastValueText(text, draft.wrapper) ?? "", metadata };
  return { body: draft.form === "short" ? cutShort(line, text, url) : cutBare(line, text), metadata };
}

/** A lone CR, white space in JSON, becomes a space: some readers would take it for the end of the output line. */
export function readMetadata(text: string): string | undefined {
  return lastValueText(text, "metadata")?.replaceAll("\r", " ");
}

/** Whether a member is the line's own, and no part of the body. */
export function isOwnKey(line: JsonObject, key: string): boolean {
  if (key === "provider") return typeof line.provider === "string";
  return key === "custom_id" || key === "method" || key === "url" || key === "metadata";
}

function hasOwnKey({ custom_id: customId, method, url, metadata, provider }: JsonObject): boolean {
  return (
    customId !== undefined || method !== undefined || url !== undefined || metadata !== undefined || typeof provider === "string"
  );
}

function readWrapped(line: JsonObject, wrapper: "body" | "params", path: string | undefined): Draft | Problem {
  const body = line[wrapper];
  return isJsonObject(body) ? { body, form: "wrapped", wrapper, path } : new Problem(`\`${wrapper}\` must be an object`);
}

function bare(line: JsonObject): Draft {
  return { body: line, form: "bare", wrapper: undefined, path: undefined };
}

function cutBare(line: JsonObject, text: string): string {
  if (!hasOwnKey(line)) return text.trim();
  return rewriteMembers(text, objectMembers(text), (key) => (isOwnKey(line, key) ? "" : undefined));
}

function readShort(line: JsonObject, url: string | undefined): Draft | Problem {
  if (typeof line.prompt !== "string") return new Problem("`prompt` must be a string");
  if (hasSystemMessage(line, url) && typeof line.system !== "string") return new Problem("`system` must be a string");
  return { body: { ...line, messages: [] }, form: "short", wrapper: undefined, path: undefined };
}

function cutShort(line: JsonObject, text: string, url: string | undefined): string {
  const hasSystem = hasSystemMessage(line, url);
  const system = hasSystem ? lastValueText(text, "system") : undefined;
  let messages = messagesMember(system, lastValueText(text, "prompt") ?? "");
  return rewriteMembers(text, objectMembers(text), (key) => {
    if (isOwnKey(line, key) || (hasSystem && key === "system")) return "";
    if (key !== "prompt") return undefined;
    const first = messages;
    messages = "";
    return first;
  });
}

/** Anthropic's API takes the system prompt as the parameter `system`, not as a message. */
function hasSystemMessage(line: JsonObject, url: string | undefined): boolean {
  return line.system !== undefined && !(url?.endsWith("/messages") ?? false);
}

/** A `prompt` becomes messages for the APIs that take messages; for the others it is an ordinary parameter. */
function takesMessages(url: string | undefined): boolean {
  return url === undefined || url.endsWith("/messages") || url.endsWith("/chat/completions");
}

/** @param system A JSON string literal, as is `prompt`. */
function messagesMember(system: string | undefined, prompt: string): string {
  const systemMessage = system === undefined ? "" : `{"role":"system","content":${system}},`;
  return `"messages":[${systemMessage}{"role":"user","content":${prompt}}]`;
}
