import { lastValueText, objectMembers } from "../json/json-text.ts";
import { rewriteMembers } from "./member-text.ts";
import { Problem } from "./problem.ts";
import { isJsonObject } from "./read-json.ts";
import type { JsonObject } from "./read-json.ts";
import { anthropicPath } from "./request-path.ts";

/** What a line wants sent, whichever form it has. */
export interface Draft {
  /** To look at. */
  readonly body: JsonObject;
  readonly form: "wrapped" | "bare" | "short";
  /** The member that holds the body; undefined where the line is the body. */
  readonly wrapper: "body" | "params" | undefined;
  /** Where the form itself says so. */
  readonly path: string | undefined;
}

/** The texts that a line is cut into. */
export interface DraftTexts {
  /** To be sent. */
  readonly body: string;
  /** JSON text on one line. */
  readonly metadata: string | undefined;
}

/**
 * Finds the body in an object line:
 *
 * - in `body` (OpenAI Batch; Mistral and Together, whose lines have no `method` and `url`);
 * - in `params` (Anthropic Message Batches);
 * - made of `prompt` and `system` (the short form), with the other members as they stand;
 * - else the line is the body, without the members that are ours: `custom_id`, `method`, `url`, `metadata`. To send OpenAI's own
 *   `metadata` parameter, put the body in `body`.
 */
export function readForm(line: JsonObject, url: string | undefined): Draft | Problem {
  if (line.body !== undefined) return readWrapped(line, "body", undefined);
  if (line.params !== undefined) return readWrapped(line, "params", anthropicPath);
  if (line.messages !== undefined || line.input !== undefined) return bare(line);
  if (line.prompt !== undefined && takesMessages(url)) return readShort(line, url);
  if (url !== undefined) return bare(line);
  return new Problem("has no `body`, `params`, `messages`, `input` or `prompt`, so there is nothing to send");
}

/** The shortest form: the line is the prompt. */
export const promptDraft: Draft = { body: { messages: [] }, form: "short", wrapper: undefined, path: undefined };

/** @param text The text that `line`, which `draft` was made of, was parsed from. */
export function cutTexts(line: unknown, draft: Draft, text: string, url: string | undefined): DraftTexts {
  if (!isJsonObject(line)) return { body: `{${messagesMember(undefined, text.trim())}}`, metadata: undefined };
  const metadata = line.metadata === undefined ? undefined : readMetadata(text);
  if (draft.wrapper !== undefined) return { body: lastValueText(text, draft.wrapper) ?? "", metadata };
  return { body: draft.form === "short" ? cutShort(line, text, url) : cutBare(line, text), metadata };
}

/** Keys beside `body` or `params` that mean nothing here. */
export function unknownKeys(line: JsonObject, wrapper: string): string[] {
  return Object.keys(line).filter((key) => key !== wrapper && key !== "provider" && !isOwnKey(key));
}

/** It will stand on an output line, where a lone CR (white space in JSON) would be a line end to some readers. */
export function readMetadata(text: string): string | undefined {
  return lastValueText(text, "metadata")?.replaceAll("\r", " ");
}

function isOwnKey(key: string): boolean {
  return key === "custom_id" || key === "method" || key === "url" || key === "metadata";
}

function hasOwnKey({ custom_id: customId, method, url, metadata }: JsonObject): boolean {
  return customId !== undefined || method !== undefined || url !== undefined || metadata !== undefined;
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
  return rewriteMembers(text, objectMembers(text), (key) => (isOwnKey(key) ? "" : undefined));
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
    if (isOwnKey(key) || (hasSystem && key === "system")) return "";
    if (key !== "prompt") return undefined;
    const first = messages;
    messages = "";
    return first;
  });
}

/** Anthropic's API takes the system prompt as a parameter of that name, not as a message. */
function hasSystemMessage(line: JsonObject, url: string | undefined): boolean {
  return line.system !== undefined && !(url?.endsWith("/messages") ?? false);
}

/** A `prompt` is made into messages for the APIs that take messages; for the others it is a parameter like any. */
function takesMessages(url: string | undefined): boolean {
  return url === undefined || url.endsWith("/messages") || url.endsWith("/chat/completions");
}

/** @param system Literal of a string, as is `prompt`. */
function messagesMember(system: string | undefined, prompt: string): string {
  const systemMessage = system === undefined ? "" : `{"role":"system","content":${system}},`;
  return `"messages":[${systemMessage}{"role":"user","content":${prompt}}]`;
}
