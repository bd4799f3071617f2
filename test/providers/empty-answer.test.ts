import { describe, expect, it } from "vitest";
import { isEmptyAnswer } from "../../src/providers/providers.ts";

const usage = { promptTokens: 1, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
const isEmpty = (path: string, body: unknown): boolean =>
  isEmptyAnswer(path, { statusCode: 200, requestId: "", body: JSON.stringify(body), usage });

const chat = (...messages: object[]): object => ({ choices: messages.map((message) => ({ message })) });
const text = (value: string): object => ({ type: "text", text: value });

describe("an answer", () => {
  it.each<[string, string, unknown]>([
    ["of chat without content", "/v1/chat/completions", chat({ content: null })],
    ["of chat, of white space and reasoning", "/v1/chat/completions", chat({ content: " \n", reasoning: "Hm", tool_calls: [] })],
    ["of chat in parts", "/v1/chat/completions", chat({ content: [text("")] })],
    ["of completions", "/v1/completions", { choices: [{ text: "\n" }, { text: "" }] }],
    ["of messages without blocks", "/v1/messages", { content: [] }],
    ["of messages that thought only", "/v1/messages", { content: [{ type: "thinking", thinking: "Hm" }, text("")] }],
    ["of responses that reasoned only", "/v1/responses", { output: [{ type: "reasoning", summary: [] }] }],
    ["of responses", "/v1/responses", { output: [{ type: "message", content: [{ type: "output_text", text: "" }] }] }],
  ])("is empty: one %s", (_, path, body) => {
    expect(isEmpty(path, body)).toBe(true);
  });

  it.each<[string, string, unknown]>([
    ["of chat with text", "/v1/chat/completions", chat({ content: "Hi" })],
    ["of chat with text in one of two choices", "/v1/chat/completions", chat({ content: "" }, { content: "Hi" })],
    ["of chat that calls a tool", "/v1/chat/completions", chat({ content: null, tool_calls: [{ id: "a" }] })],
    ["of chat that refuses", "/v1/chat/completions", chat({ content: null, refusal: "No." })],
    ["of chat that speaks", "/v1/chat/completions", chat({ content: null, audio: { id: "a" } })],
    ["of chat that paints", "/v1/chat/completions", chat({ content: "", images: [{}] })],
    ["of messages that calls a tool", "/v1/messages", { content: [{ type: "tool_use", name: "f" }] }],
    ["of responses that calls a function", "/v1/responses", { output: [{ type: "function_call" }] }],
    [
      "of responses that refuses",
      "/v1/responses",
      { output: [{ type: "message", content: [{ type: "refusal", refusal: "No." }] }] },
    ],
    ["of embeddings", "/v1/embeddings", { data: [] }],
    ["of an API that is not known", "/v1/score", {}],
  ])("is not empty: one %s", (_, path, body) => {
    expect(isEmpty(path, body)).toBe(false);
  });
});
