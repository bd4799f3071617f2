import { items, member } from "../../json/json-value.ts";
import { textOf } from "../../model/content-text.ts";
import { openaiChat } from "./openai-chat.ts";
import { completionsStreaming } from "./openai-chat-stream.ts";
import type { Protocol } from "../protocol.ts";

/**
 * OpenAI Completions (OpenAI API reference): legacy there, in daily use for base models on vLLM and llama.cpp. Its choices hold texts
 * instead of messages; in usage, errors and how tokens count it is Chat Completions.
 */
export const openaiCompletions: Protocol = {
  ...openaiChat,
  path: "/v1/completions",
  readText: (body) => textOf(member(items(member(body, "choices"))[0], "text")),
  streaming: completionsStreaming,
};
