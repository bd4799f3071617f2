import { describe, expect, it } from "vitest";
import { protocols } from "../../../src/providers/protocols/protocols.ts";
import { protocolContract, responseOf, type ProtocolSample } from "../../contracts/protocol.ts";
import { anthropicMessages } from "../../../src/providers/protocols/anthropic-messages.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { openaiEmbeddings } from "../../../src/providers/protocols/openai-embeddings.ts";
import { openaiResponses } from "../../../src/providers/protocols/openai-responses.ts";

const choice = { index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" };

const samples: Readonly<Record<string, readonly ProtocolSample[]>> = {
  "/v1/chat/completions": [
    {
      name: "an OpenAI answer with all details",
      body: {
        object: "chat.completion",
        choices: [choice],
        usage: {
          prompt_tokens: 2006,
          completion_tokens: 300,
          total_tokens: 2306,
          prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 192, accepted_prediction_tokens: 0 },
        },
      },
      usage: { promptTokens: 2006, completionTokens: 300, cachedTokens: 1920, cacheWriteTokens: 0, reasoningTokens: 192 },
    },
    {
      name: "an Ollama answer, which has three totals only",
      body: { choices: [choice], usage: { prompt_tokens: 17, completion_tokens: 24, total_tokens: 41 } },
      usage: { promptTokens: 17, completionTokens: 24, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "an xAI answer, whose completion leaves out the thinking that it counts",
      body: {
        choices: [choice],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 5,
          total_tokens: 315,
          completion_tokens_details: { reasoning_tokens: 300 },
        },
      },
      usage: { promptTokens: 10, completionTokens: 305, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 300 },
    },
    {
      name: "a Gemini answer, in which only the total tells that it thought",
      body: { choices: [choice], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 45 } },
      usage: { promptTokens: 10, completionTokens: 35, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "a Moonshot answer, with its usage in the choice",
      body: { choices: [{ ...choice, usage: { prompt_tokens: 3, completion_tokens: 2 } }], usage: { prompt_tokens: 0 } },
      usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "an answer whose counts are texts",
      body: { choices: [choice], usage: { prompt_tokens: "17", completion_tokens: "24", total_tokens: "41" } },
      usage: { promptTokens: 17, completionTokens: 24, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "an answer cut by its token limit",
      body: { choices: [{ ...choice, finish_reason: "length" }] },
      usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "an answer stopped by a content filter",
      body: { choices: [{ ...choice, message: { role: "assistant", content: null }, finish_reason: "content_filter" }] },
      usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
  ],
  "/v1/completions": [
    {
      name: "a vLLM answer",
      body: {
        object: "text_completion",
        choices: [{ index: 0, text: " world", finish_reason: "length" }],
        usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4, prompt_tokens_details: null },
      },
      usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
  ],
  "/v1/responses": [
    {
      name: "a completed response",
      body: {
        object: "response",
        status: "completed",
        incomplete_details: null,
        output: [{ type: "message", content: [{ type: "output_text", text: "Hi" }] }],
        usage: {
          input_tokens: 328,
          input_tokens_details: { cached_tokens: 128 },
          output_tokens: 52,
          output_tokens_details: { reasoning_tokens: 32 },
          total_tokens: 380,
        },
      },
      usage: { promptTokens: 328, completionTokens: 52, cachedTokens: 128, cacheWriteTokens: 0, reasoningTokens: 32 },
    },
    {
      name: "a response whose output leaves out the thinking",
      body: { status: "completed", output: [], usage: { input_tokens: 10, output_tokens: 5, total_tokens: 45 } },
      usage: { promptTokens: 10, completionTokens: 35, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "an incomplete response, which is an answer too",
      body: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output: [] },
      usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
  ],
  "/v1/embeddings": [
    {
      name: "an embedding",
      body: {
        object: "list",
        data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
        usage: { prompt_tokens: 8, total_tokens: 8 },
      },
      usage: { promptTokens: 8, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
    {
      name: "a Voyage embedding, with a total alone",
      body: { data: [{ embedding: [0.1] }], usage: { total_tokens: 8 } },
      usage: { promptTokens: 8, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
  ],
  "/v1/messages": [
    {
      name: "a message that used the prompt cache",
      body: {
        type: "message",
        content: [{ type: "text", text: "Hi" }],
        stop_reason: "end_turn",
        usage: {
          input_tokens: 21,
          cache_creation_input_tokens: 188,
          cache_read_input_tokens: 1000,
          output_tokens: 393,
          output_tokens_details: { thinking_tokens: 90 },
        },
      },
      usage: { promptTokens: 1209, completionTokens: 393, cachedTokens: 1000, cacheWriteTokens: 188, reasoningTokens: 90 },
    },
    {
      name: "an empty message with nulls in its usage",
      body: {
        type: "message",
        content: [],
        stop_reason: "refusal",
        usage: { input_tokens: 5, cache_creation_input_tokens: null, cache_read_input_tokens: null, output_tokens: 0 },
      },
      usage: { promptTokens: 5, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    },
  ],
};

describe.each(protocols.map((protocol) => ({ path: protocol.path, protocol })))("$path", ({ protocol, path }) => {
  protocolContract(protocol, samples[path] ?? []);

  it("is tried with samples", () => {
    expect(samples[path]?.length).toBeGreaterThan(0);
  });
});

describe("what is peculiar", () => {
  it("counts the request alone at Anthropic, which does not count max_tokens, and for embeddings", () => {
    expect([openaiChat, openaiResponses, anthropicMessages, openaiEmbeddings].map(({ counting }) => counting)).toEqual([
      "sum",
      "sum",
      "input",
      "input",
    ]);
  });

  it("sends Anthropic the version that takes every request", () => {
    expect(anthropicMessages.headers).toEqual({ "anthropic-version": "2023-06-01" });
  });

  it.each([
    ["server_error", "server_error", true],
    ["rate_limit_exceeded", "rate_limit", true],
    ["invalid_prompt", "invalid_request", false],
    ["bio_policy", "content_filter", false],
  ])("understands a response that failed with %s though HTTP says 200", (code, kind, retryable) => {
    const body = { status: "failed", error: { code, message: "it failed" }, output: [] };
    expect(openaiResponses.readFailure(responseOf(200, body))).toMatchObject({ kind, retryable, message: "HTTP 200: it failed" });
  });

  it("takes failed and cancelled responses without an error for no answers", () => {
    expect(openaiResponses.readFailure(responseOf(200, { status: "failed", error: null, output: [] }))).toBeDefined();
    expect(openaiResponses.readFailure(responseOf(200, { status: "cancelled", output: [] }))).toBeDefined();
  });
});
