import { isJsonObject, type JsonObject } from "../../json/json-value.ts";
import { countTokens } from "./mock-text.ts";
import { invalid, missing, type Mistake } from "./prepared.ts";

/** What of a chat request makes a difference here. */
export interface ChatRequest {
  readonly ok: true;
  /** Text of the last user message. */
  readonly question: string;
  readonly messageCount: number;
  /** Characters of text in all messages. */
  readonly characters: number;
  readonly choices: number;
  /** For each choice. */
  readonly maxTokens: number | undefined;
  readonly wantsJson: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

const maxChoices = 128;
/** Roles and separators cost a few tokens beside the text. */
const tokensPerMessage = 3;

/** Reads the body of `POST /v1/chat/completions` (OpenAI API reference). Unknown members are no mistake. */
export function readChatRequest(body: JsonObject): ChatRequest | Mistake {
  const { messages, n, response_format: format, stream_options: streamOptions } = body;
  if (messages === undefined) return missing("messages");
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isJsonObject))
    return invalid("messages", "an array of at least one message object");
  const limitName = isAbsent(body["max_completion_tokens"]) ? "max_tokens" : "max_completion_tokens";
  const limit = body[limitName];
  if (!isAbsent(limit) && !isCount(limit)) return invalid(limitName, "a whole number of at least 1");
  if (!isAbsent(n) && (!isCount(n) || n > maxChoices)) return invalid("n", `a whole number from 1 to ${maxChoices}`);
  return {
    ok: true,
    question: textOf(messages.findLast((message) => message["role"] === "user")),
    messageCount: messages.length,
    characters: messages.reduce((sum, message) => sum + textOf(message).length, 0),
    choices: isAbsent(n) ? 1 : n,
    maxTokens: isAbsent(limit) ? undefined : limit,
    wantsJson: isJsonObject(format) && (format["type"] === "json_object" || format["type"] === "json_schema"),
    stream: body["stream"] === true,
    includeUsage: isJsonObject(streamOptions) && streamOptions["include_usage"] === true,
  };
}

/** What the text of all messages counts as. */
export function countPromptTokens({ messageCount, characters }: ChatRequest): number {
  return messageCount * tokensPerMessage + countTokens(characters);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

/** The text of a message whose content is a string or an array of parts; images and the like have none. */
export function textOf(message: JsonObject | undefined): string {
  const content = message?.["content"];
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: unknown) => (isJsonObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join(" ");
}
