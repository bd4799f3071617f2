import { items, member } from "../../json/json-value.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { chatStreaming } from "./openai-chat-stream.ts";
import { readCompletionUsage } from "./openai-usage.ts";
import type { Protocol } from "../protocol.ts";

/** OpenAI Chat Completions (OpenAI API reference), which nearly every provider and local server speaks. */
export const openaiChat: Protocol = {
  path: "/v1/chat/completions",
  baseUrlHasVersion: true,
  headers: {},
  counting: "sum",
  readUsage: readCompletionUsage,
  readFailure: (response) => readApiFailure(response, hasChoices),
  streaming: chatStreaming,
};

/** A `finish_reason` of `length` or `content_filter` is an answer like any other, recorded as received. */
function hasChoices(body: unknown): boolean {
  return items(member(body, "choices")).length > 0;
}
