import { chat } from "./stream-pieces.ts";
import { crlf, type WireRecording } from "./wire-recording.ts";

const chatHead = {
  id: "chatcmpl-C7",
  object: "chat.completion.chunk",
  created: 1_780_000_000,
  model: "gpt-x-2026-01-01",
  service_tier: "default",
  system_fingerprint: "fp_44709d6fcb",
};
const chatUsage = {
  prompt_tokens: 2006,
  completion_tokens: 30,
  total_tokens: 2036,
  prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 12,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const usageChunk = { ...chatHead, choices: [], usage: chatUsage, obfuscation: "wt" };
const asked = { model: "gpt-x", messages: [{ role: "user", content: "Hi" }], stream_options: { include_usage: true } };

export const chatRecordings: readonly WireRecording[] = [
  chatRecording("a text", [
    chunk({ role: "assistant", content: "", refusal: null }),
    chunk({ content: "Grüße" }),
    chunk({ content: " \ud83d" }),
    chunk({ content: "\ude00\r\n\u2028日本" }),
    chunk({}, "stop"),
    usageChunk,
  ]),
  chatRecording("tool calls, whose pieces take turns", [
    chunk({ role: "assistant", content: null, refusal: null }),
    chunk({ tool_calls: [{ index: 0, id: "call_a", type: "function", function: { name: "weather", arguments: "" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":"R' } }] }),
    chunk({ tool_calls: [{ index: 1, id: "call_b", type: "function", function: { name: "time", arguments: "{" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: 'ome","n":9223372036854775807}' } }] }),
    chunk({ tool_calls: [{ index: 1, function: { arguments: "}" } }] }),
    chunk({}, "tool_calls"),
    usageChunk,
  ]),
  chatRecording("a text before a tool call", [
    chunk({ role: "assistant", content: "Let me", refusal: null }),
    chunk({ content: " look." }),
    chunk({ tool_calls: [{ index: 0, id: "call_a", type: "function", function: { name: "look", arguments: "{}" } }] }),
    chunk({}, "tool_calls"),
    usageChunk,
  ]),
  chatRecording("a refusal", [
    chunk({ role: "assistant", content: null, refusal: "" }),
    chunk({ refusal: "I can" }),
    chunk({ refusal: "not." }),
    chunk({}, "stop"),
    usageChunk,
  ]),
  chatRecording("a call of the old kind", [
    chunk({ role: "assistant", content: null, refusal: null, function_call: { name: "weather", arguments: "" } }),
    chunk({ function_call: { arguments: '{"city":' } }),
    chunk({ function_call: { arguments: '"Rome"}' } }),
    chunk({}, "function_call"),
    usageChunk,
  ]),
  chatRecording("speech", [
    chunk({ role: "assistant", content: null, refusal: null, audio: { id: "audio_1", transcript: "Gr" } }),
    chunk({ audio: { transcript: "üße" } }),
    chunk({ audio: { data: "UklG" } }),
    chunk({ audio: { data: "Rg==" } }),
    chunk({ audio: { expires_at: 1_780_003_600 } }),
    chunk({}, "stop"),
    usageChunk,
  ]),
  {
    ...chatRecording("two choices by turns, with log probabilities", [
      choice(0, { delta: { role: "assistant", content: "", refusal: null }, logprobs: null }),
      choice(1, { delta: { role: "assistant", content: "", refusal: null }, logprobs: null }),
      choice(1, { delta: { content: "B" }, logprobs: { content: [logprob("B")], refusal: null } }),
      choice(0, { delta: { content: "A" }, logprobs: { content: [logprob("A")], refusal: null } }),
      choice(0, { delta: { content: "A" }, logprobs: { content: [logprob("A")], refusal: null } }),
      choice(1, { delta: {}, logprobs: null, finish_reason: "length" }),
      choice(0, { delta: {}, logprobs: null, finish_reason: "stop" }),
      usageChunk,
    ]),
    request: { ...asked, n: 2, logprobs: true },
  },
  chatRecording("Azure's, which begins with what it filtered", [
    {
      id: "",
      object: "",
      created: 0,
      model: "",
      choices: [],
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
    },
    choice(0, { delta: { role: "assistant", content: "", refusal: null }, logprobs: null, content_filter_results: {} }),
    choice(0, {
      delta: { content: "Hi" },
      logprobs: null,
      content_filter_results: { hate: { filtered: false, severity: "safe" } },
    }),
    choice(0, { delta: {}, logprobs: null, finish_reason: "stop", content_filter_results: {} }),
    usageChunk,
  ]),
  {
    ...chatRecording("OpenRouter's, with comments and a cost", []),
    events: [
      ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n",
      chat([
        { ...chunk({ role: "assistant", content: "Hi", refusal: null }), provider: "Azure" },
        choice(0, { delta: { content: "" }, logprobs: null, finish_reason: "stop", native_finish_reason: "completed" }),
        {
          ...usageChunk,
          usage: { ...chatUsage, cost: 0.000_95, is_byok: false, cost_details: { upstream_inference_cost: null } },
        },
      ]),
    ].join(""),
  },
  {
    ...chatRecording("a text whose lines end as on Windows", []),
    events: crlf(chat([chunk({ role: "assistant", content: "Hé", refusal: null }), chunk({}, "stop"), usageChunk])),
  },
];

function chatRecording(name: string, chunks: readonly object[]): WireRecording {
  return { name, path: "/v1/chat/completions", request: asked, events: chat(chunks) };
}

/** A chunk of the only choice. */
function chunk(delta: object, finishReason: string | null = null): object {
  return { ...choice(0, { delta, logprobs: null, finish_reason: finishReason }), obfuscation: "x7Hq" };
}

function choice(index: number, members: object): object {
  return { ...chatHead, choices: [{ index, finish_reason: null, ...members }], usage: null };
}

function logprob(token: string): object {
  return { token, logprob: -0.5, bytes: [...Buffer.from(token)], top_logprobs: [] };
}
