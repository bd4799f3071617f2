import { objectMembers } from "../model/json-text.ts";
import type { JsonMember } from "../model/json-text.ts";
import { rewriteMembers, valueText } from "./member-text.ts";
import { Problem } from "./problem.ts";
import { isJsonObject } from "./read-json.ts";
import type { JsonObject } from "./read-json.ts";
import { anthropicPath } from "./request-path.ts";

/** What a line wants sent, whichever form it has. */
export interface Draft {
  /** To look at. */
  readonly body: JsonObject;
  /** To be sent. */
  readonly bodyText: string;
  /** The member that holds the body; undefined where the line is the body. */
  readonly wrapper: "body" | "params" | undefined;
  /** Where the form itself says so. */
  readonly path: string | undefined;
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
 *
 * @param text The text that `line` was parsed from.
 */
export function readForm(line: JsonObject, text: string, url: string | undefined): Draft | Problem {
  if (line.body !== undefined) return readWrapped(line, text, "body", undefined);
  if (line.params !== undefined) return readWrapped(line, text, "params", anthropicPath);
  if (line.messages !== undefined || line.input !== undefined) return readBare(line, text);
  if (line.prompt !== undefined && takesMessages(url)) return readShort(line, text, url);
  if (url !== undefined) return readBare(line, text);
  return new Problem("has no `body`, `params`, `messages`, `input` or `prompt`, so there is nothing to send");
}

/** The shortest form: the line is the prompt. */
export function readString(text: string): Draft {
  return {
    body: { messages: [] },
    bodyText: `{${messagesMember(undefined, text.trim())}}`,
    wrapper: undefined,
    path: undefined,
    metadata: undefined,
  };
}

/** Keys beside `body` or `params` that mean nothing here. */
export function unknownKeys(line: JsonObject, wrapper: string): string[] {
  return Object.keys(line).filter((key) => key !== wrapper && !isOwnKey(key));
}

function isOwnKey(key: string): boolean {
  return key === "custom_id" || key === "method" || key === "url" || key === "metadata";
}

function hasOwnKey({ custom_id: customId, method, url, metadata }: JsonObject): boolean {
  return customId !== undefined || method !== undefined || url !== undefined || metadata !== undefined;
}

function readWrapped(line: JsonObject, text: string, wrapper: "body" | "params", path: string | undefined): Draft | Problem {
  const body = line[wrapper];
  if (!isJsonObject(body)) return new Problem(`\`${wrapper}\` must be an object`);
  const members = objectMembers(text);
  const bodyText = valueText(text, members, wrapper) ?? "";
  return { body, bodyText, wrapper, path, metadata: readMetadata(text, members) };
}

function readBare(line: JsonObject, text: string): Draft {
  if (!hasOwnKey(line)) return { body: line, bodyText: text.trim(), wrapper: undefined, path: undefined, metadata: undefined };
  const members = objectMembers(text);
  const bodyText = rewriteMembers(text, members, (key) => (isOwnKey(key) ? "" : undefined));
  return { body: line, bodyText, wrapper: undefined, path: undefined, metadata: readMetadata(text, members) };
}

function readShort(line: JsonObject, text: string, url: string | undefined): Draft | Problem {
  // Anthropic's API takes the system prompt as a parameter of that name, not as a message.
  const takesSystem = url?.endsWith("/messages") ?? false;
  const hasSystem = line.system !== undefined && !takesSystem;
  if (typeof line.prompt !== "string") return new Problem("`prompt` must be a string");
  if (hasSystem && typeof line.system !== "string") return new Problem("`system` must be a string");
  const members = objectMembers(text);
  const system = hasSystem ? valueText(text, members, "system") : undefined;
  let messages = messagesMember(system, valueText(text, members, "prompt") ?? "");
  const bodyText = rewriteMembers(text, members, (key) => {
    if (isOwnKey(key) || (hasSystem && key === "system")) return "";
    if (key !== "prompt") return undefined;
    const first = messages;
    messages = "";
    return first;
  });
  return {
    body: { ...line, messages: [] },
    bodyText,
    wrapper: undefined,
    path: undefined,
    metadata: readMetadata(text, members),
  };
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

/** It will stand on an output line, where a lone CR (white space in JSON) would be a line end to some readers. */
export function readMetadata(text: string, members: readonly JsonMember[] = objectMembers(text)): string | undefined {
  return valueText(text, members, "metadata")?.replaceAll("\r", " ");
}
