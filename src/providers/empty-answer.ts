import { items, member } from "../json/json-value.ts";
import type { AnswerCheck, ModelResponse } from "../model/attempt.ts";
import { isTextPart } from "../model/content-text.ts";
import { extractJson } from "./responses/json-extract.ts";

/**
 * Whether an answer says nothing: no text but white space in any of its choices, and no call of a tool, refusal, sound or picture. Reasoning
 * is none of these. Answers of APIs without texts are never empty.
 *
 * @param path Of the request: `/v1/chat/completions`.
 */
export function isEmptyAnswer(path: string, { body }: ModelResponse): boolean {
  const isEmpty = rules.get(path);
  return isEmpty !== undefined && isEmpty(extractJson(body));
}

/** Asked again, a model may say something. */
export const refuseEmptyAnswer: AnswerCheck = ({ path }, response) => {
  if (!isEmptyAnswer(path, response)) return undefined;
  const { statusCode } = response;
  const message = `HTTP ${statusCode}: the answer is empty: it has no text, and calls no tool`;
  return { kind: "invalid_response", message, retryable: true, statusCode };
};

const rules: ReadonlyMap<string, (body: unknown) => boolean> = new Map([
  ["/v1/chat/completions", (body) => choices(body).every((choice) => isEmptyMessage(member(choice, "message")))],
  ["/v1/completions", (body) => choices(body).every((choice) => isBlank(member(choice, "text")))],
  ["/v1/messages", (body) => isEmptyContent(member(body, "content"))],
  ["/v1/responses", (body) => items(member(body, "output")).every(isEmptyItem)],
]);

function choices(body: unknown): readonly unknown[] {
  return items(member(body, "choices"));
}

/** What a message may hold beside its content. */
const otherContents = ["tool_calls", "function_call", "refusal", "audio", "images"];

function isEmptyMessage(message: unknown): boolean {
  return isEmptyContent(member(message, "content")) && otherContents.every((key) => isNothing(member(message, key)));
}

function isEmptyContent(content: unknown): boolean {
  return Array.isArray(content) ? content.every(isEmptyItem) : isBlank(content);
}

const reasoningTypes: ReadonlySet<unknown> = new Set(["reasoning", "thinking", "redacted_thinking"]);

/** A part of a message, or an item of a response: messages among these have parts of their own. */
function isEmptyItem(item: unknown): boolean {
  const type = member(item, "type");
  if (type === "message") return isEmptyContent(member(item, "content"));
  return reasoningTypes.has(type) || (isTextPart(item) && isBlank(member(item, "text")));
}

function isBlank(text: unknown): boolean {
  return typeof text === "string" ? text.trim() === "" : isNothing(text);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
