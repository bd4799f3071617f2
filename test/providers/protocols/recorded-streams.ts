import type { RecordedStream } from "../../contracts/streaming.ts";
import { chat, choicePiece, chunkHead, piece, typed } from "./stream-pieces.ts";

const overloadedChat = 'data: {"error":{"message":"try later","code":529,"metadata":{"error_type":"provider_overloaded"}}}';
const overloadedMessage = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
const overloadedResponse = 'event: error\ndata: {"type":"error","code":"slow_down","message":"Slow down","param":null}';

const chatHead = { ...chunkHead, object: "chat.completion" };
const chatUsage = {
  prompt_tokens: 12,
  completion_tokens: 5,
  total_tokens: 17,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};
const completionHead = { id: "cmpl-1", object: "text_completion", created: 1, model: "base" };

const inputUsage = { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 3 };

/** Streams as the providers' references show them. */
export const recordedStreams: Readonly<Record<string, readonly RecordedStream[]>> = {
  "/v1/chat/completions": [
    {
      name: "a text with usage",
      request: { model: "gpt-x", messages: [], stream: true, stream_options: { include_usage: true } },
      events: chat([
        piece({ role: "assistant", content: "", refusal: null }, { obfuscation: "x7Hq" }),
        piece({ content: "Grüße" }, { obfuscation: "p" }),
        piece({ content: " \ud83d" }),
        piece({ content: "\ude00 a\nb" }),
        piece({}, {}, "stop"),
        { ...chunkHead, choices: [], usage: chatUsage },
      ]),
      body: {
        ...chatHead,
        choices: [{ index: 0, message: { role: "assistant", content: "Grüße 😀 a\nb", refusal: null }, finish_reason: "stop" }],
        usage: chatUsage,
      },
      errorEvent: overloadedChat,
    },
    {
      name: "two tool calls side by side",
      request: { model: "gpt-x", messages: [], stream: true },
      events: chat([
        piece({ role: "assistant", content: null }),
        piece({ tool_calls: [{ index: 0, id: "call_a", type: "function", function: { name: "weather", arguments: "" } }] }),
        piece({ tool_calls: [{ index: 0, function: { arguments: '{"cité":' } }] }),
        piece({ tool_calls: [{ index: 1, id: "call_b", type: "function", function: { name: "time", arguments: "" } }] }),
        piece({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
        piece({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] }),
        piece({}, { usage: chatUsage }, "tool_calls"),
      ]),
      body: {
        ...chatHead,
        choices: [
          {
            index: 0,
            message: {
              role: "assistant",
              content: null,
              tool_calls: [
                { id: "call_a", type: "function", function: { name: "weather", arguments: '{"cité":"Rome"}' } },
                { id: "call_b", type: "function", function: { name: "time", arguments: "{}" } },
              ],
            },
            finish_reason: "tool_calls",
          },
        ],
        usage: chatUsage,
      },
      errorEvent: overloadedChat,
    },
    {
      name: "two choices one after the other, with log probabilities",
      request: { model: "gpt-x", messages: [], n: 2, stream: true },
      events: chat([
        choicePiece(0, { delta: { role: "assistant", content: "" }, logprobs: { content: [], refusal: null } }),
        choicePiece(0, { delta: { content: "A" }, logprobs: { content: [{ token: "A", logprob: -0.5 }], refusal: null } }),
        choicePiece(0, { delta: { content: "B" }, logprobs: { content: [{ token: "B", logprob: -1 }], refusal: null } }),
        choicePiece(0, { delta: {}, logprobs: null, finish_reason: "stop" }),
        choicePiece(1, { delta: { role: "assistant", content: "Ç" }, logprobs: { content: [{ token: "Ç", logprob: -2 }] } }),
        choicePiece(1, { delta: {}, finish_reason: "length" }),
      ]),
      body: {
        ...chatHead,
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: "AB" },
            logprobs: {
              content: [
                { token: "A", logprob: -0.5 },
                { token: "B", logprob: -1 },
              ],
              refusal: null,
            },
            finish_reason: "stop",
          },
          {
            index: 1,
            message: { role: "assistant", content: "Ç" },
            logprobs: { content: [{ token: "Ç", logprob: -2 }] },
            finish_reason: "length",
          },
        ],
      },
      errorEvent: overloadedChat,
    },
  ],
  "/v1/completions": [
    {
      name: "a text for each of two prompts",
      request: { model: "base", prompt: ["a", "b"], stream: true },
      events: chat([
        { ...completionHead, choices: [{ index: 1, text: "x", finish_reason: null }] },
        { ...completionHead, choices: [{ index: 0, text: "y", finish_reason: null }] },
        { ...completionHead, choices: [{ index: 1, text: "ß 😀", finish_reason: "stop" }] },
        { ...completionHead, choices: [{ index: 0, text: "", finish_reason: "length" }] },
        { ...completionHead, choices: [], usage: chatUsage },
      ]),
      body: {
        ...completionHead,
        choices: [
          { index: 0, text: "y", finish_reason: "length" },
          { index: 1, text: "xß 😀", finish_reason: "stop" },
        ],
        usage: chatUsage,
      },
      errorEvent: overloadedChat,
    },
  ],
  "/v1/responses": [
    {
      name: "a completed response",
      request: { model: "gpt-x", input: "hello", stream: true },
      events: typed([
        { type: "response.created", sequence_number: 0, response: responseOf("in_progress", []) },
        { type: "response.in_progress", sequence_number: 1, response: responseOf("in_progress", []) },
        { type: "response.output_text.delta", sequence_number: 2, output_index: 0, content_index: 0, delta: "Grü" },
        { type: "response.output_text.delta", sequence_number: 3, output_index: 0, content_index: 0, delta: "ße 😀" },
        { type: "response.output_item.done", sequence_number: 4, output_index: 0, item: outputItem("Grüße 😀") },
        { type: "response.completed", sequence_number: 5, response: responseOf("completed", [outputItem("Grüße 😀")]) },
      ]),
      body: responseOf("completed", [outputItem("Grüße 😀")]),
      errorEvent: overloadedResponse,
    },
    {
      name: "an incomplete response",
      request: { model: "gpt-x", input: "hello", stream: true },
      events: typed([
        { type: "response.created", sequence_number: 0, response: responseOf("in_progress", []) },
        { type: "response.output_text.delta", sequence_number: 1, output_index: 0, content_index: 0, delta: "日" },
        { type: "response.incomplete", sequence_number: 2, response: responseOf("incomplete", [outputItem("日")]) },
      ]),
      body: responseOf("incomplete", [outputItem("日")]),
      errorEvent: overloadedResponse,
    },
  ],
  "/v1/messages": [
    {
      name: "a message that thinks, speaks and calls a tool",
      request: { model: "claude-x", max_tokens: 100, messages: [], stream: true },
      events: typed([
        {
          type: "message_start",
          message: {
            ...messageHead(),
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { ...inputUsage, output_tokens: 1 },
          },
        },
        { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
        { type: "ping" },
        { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm" } },
        { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "…" } },
        { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "EqQB==" } },
        { type: "content_block_stop", index: 0 },
        { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
        { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Let me " } },
        { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "see." } },
        { type: "content_block_delta", index: 1, delta: { type: "citations_delta", citation: { cited_text: "sea" } } },
        { type: "content_block_stop", index: 1 },
        { type: "content_block_start", index: 2, content_block: { type: "tool_use", id: "toolu_1", name: "look", input: {} } },
        { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "" } },
        { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"where":\n "up' } },
        { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '", "n": 3}' } },
        { type: "content_block_stop", index: 2 },
        { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 42 } },
        { type: "message_stop" },
      ]),
      body: {
        ...messageHead(),
        content: [
          { type: "thinking", thinking: "Hm…", signature: "EqQB==" },
          { type: "text", text: "Let me see.", citations: [{ cited_text: "sea" }] },
          { type: "tool_use", id: "toolu_1", name: "look", input: { where: "up", n: 3 } },
        ],
        stop_reason: "tool_use",
        stop_sequence: null,
        usage: { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 42 },
      },
      errorEvent: overloadedMessage,
    },
  ],
};

/** "Hello", in two pieces. */
export const helloChunks: readonly object[] = [
  piece({ role: "assistant", content: "Hel" }),
  piece({ content: "lo" }),
  piece({}, {}, "stop"),
];

function messageHead(): object {
  return { id: "msg_1", type: "message", role: "assistant", model: "claude-x" };
}

function outputItem(text: string): object {
  return { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] };
}

function responseOf(status: string, output: readonly object[]): object {
  const usage = { input_tokens: 11, output_tokens: 7, output_tokens_details: { reasoning_tokens: 3 }, total_tokens: 18 };
  return { id: "resp_1", object: "response", status, error: null, output, usage: status === "in_progress" ? null : usage };
}
