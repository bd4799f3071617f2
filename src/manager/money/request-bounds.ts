import { type JsonObject, isJsonObject, items, member, parseJson } from "../../json/json-value.ts";
import type { BatchRequest } from "../../model/request.ts";
import { AttachmentBounds } from "./attachment-bounds.ts";

/** What a body says of the most that its request can take, whatever its model is. */
export interface RequestBounds {
  /** Tokens of the request. Infinity where a part of it is not in the body, such as a file: its model's context window bounds it. */
  readonly inputTokens: number;
  /** Tokens of each answer; undefined where the body sets no limit. */
  readonly outputTokens: number | undefined;
  /** How many answers are generated. */
  readonly answers: number;
  readonly hasAudio: boolean;
  /** Whether it may be answered in the tier that costs more: it does not choose another one. */
  readonly mayBePriority: boolean;
  /** A tool that the provider runs: it asks the model anew with what it found, as often as it likes, and no limit bounds that. */
  readonly remoteTool: string | undefined;
}

/**
 * No byte-level BPE tokenizer makes more than one token of a byte (https://github.com/openai/tiktoken, its vocabulary holds every byte), and JSON
 * writes no text shorter than UTF-8 does. The JSON around a message, 25 bytes at least, is more than what chat templates put there.
 */
const tokensPerByte = 1;
/** What templates put before the first message. */
const tokensPerRequest = 100;
/** Anthropic's prompt for tools has up to 530 tokens (https://docs.anthropic.com/en/docs/tool-use-pricing-and-tokens); others count 935. */
const tokensForTools = 1_000;
/** Tools that Anthropic defines and clients run have schemas of their own: 245 for bash, 700 for the editor, 735 for the computer (docs). */
const tokensPerOwnTool = 1_000;

const ownTools = /^(?:bash|text_editor|computer|memory|local_shell|shell|apply_patch)(?:_|$)/;
/** Of bodies that have the provider search, or call servers: Chat Completions, OpenRouter, Anthropic, xAI, Qwen. */
const remoteMembers = ["web_search_options", "plugins", "mcp_servers", "search_parameters", "enable_search"];
/** What these name is part of the request, and not in the body: Responses, and the cached contents of Gemini. */
const referringMembers = ["previous_response_id", "conversation", "cached_content"];
const otherTiers: ReadonlySet<unknown> = new Set(["default", "flex", "standard", "standard_only", "batch"]);

const embeddingsPath = "/v1/embeddings";

/** Bounds from above what a request can take, by its body as it is sent. */
export function boundRequest({ path, model, body: text, maxOutputTokens }: BatchRequest): RequestBounds {
  const parsed = parseJson(text);
  const body = isJsonObject(parsed) ? parsed : {};
  const answers = answersOf(body);
  const attachments = new AttachmentBounds(body, model);
  const tools = items(body["tools"]);
  const bytes = Buffer.byteLength(text) - attachments.bytes;
  const ofTools = tools.length === 0 ? 0 : tokensForTools + tokensPerOwnTool * tools.filter(isOwnTool).length;
  return {
    inputTokens: isElsewhere(body) ? Infinity : bytes * tokensPerByte + attachments.tokens + tokensPerRequest + ofTools,
    outputTokens: path === embeddingsPath ? 0 : (outputLimit(body) ?? share(maxOutputTokens, answers)),
    answers,
    hasAudio: attachments.hasAudio || body["audio"] !== undefined,
    mayBePriority: !otherTiers.has(body["service_tier"]),
    remoteTool: remoteMembers.find((key) => body[key]) ?? tools.map(typeOf).find((type) => !isRunByClient(type)),
  };
}

/** The larger where a body has both: which of them a server knows is not known. */
function outputLimit(body: JsonObject): number | undefined {
  const limits = ["max_completion_tokens", "max_tokens", "max_output_tokens"].map((key) => body[key]);
  const counts = limits.filter((limit) => typeof limit === "number" && limit >= 0 && limit < Infinity);
  return counts.length === 0 ? undefined : Math.max(...counts.map(Number));
}

function share(tokens: number | undefined, answers: number): number | undefined {
  return tokens === undefined ? undefined : Math.ceil(tokens / answers);
}

/** Completions answer each of several prompts, and generate `best_of` answers to choose from. A list of numbers is one prompt. */
function answersOf(body: JsonObject): number {
  const choices = [body["n"], body["best_of"]].map((count) => (typeof count === "number" && count > 1 ? count : 1));
  const prompts = items(body["prompt"]).filter((prompt) => typeof prompt !== "number").length;
  return Math.max(...choices) * Math.max(1, prompts);
}

/** A stored prompt is an object, where Completions have texts. */
function isElsewhere(body: JsonObject): boolean {
  return referringMembers.some((key) => body[key] !== undefined && body[key] !== null) || isJsonObject(body["prompt"]);
}

function typeOf(tool: unknown): string | undefined {
  const type = member(tool, "type");
  return typeof type === "string" ? type : undefined;
}

function isOwnTool(tool: unknown): boolean {
  return ownTools.test(typeOf(tool) ?? "");
}

function isRunByClient(type: string | undefined): boolean {
  return type === undefined || type === "function" || type === "custom" || ownTools.test(type);
}
