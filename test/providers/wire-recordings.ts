import { chat, type StreamedEvent, typed } from "./recorded-streams.ts";

/** A stream as it comes over the wire, with all that the providers send beside the text. */
export interface WireRecording {
  readonly name: string;
  readonly path: string;
  readonly request: object;
  readonly events: string;
}

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

const chatRecordings: readonly WireRecording[] = [
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

const responsesAsked = { model: "gpt-x", input: "Hi" };
const responseUsage = {
  input_tokens: 328,
  input_tokens_details: { cached_tokens: 128, cache_write_tokens: 0 },
  output_tokens: 52,
  output_tokens_details: { reasoning_tokens: 32 },
  total_tokens: 380,
};
const outputText = { type: "output_text", text: "Grüße 😀", annotations: [], logprobs: [] };
const emptyText = { ...outputText, text: "" };
const outputMessage = { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [outputText] };
const reasoning = { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" };
const functionCall = {
  id: "fc_1",
  type: "function_call",
  status: "completed",
  call_id: "call_1",
  name: "weather",
  arguments: '{"n":1}',
};

const responsesRecordings: readonly WireRecording[] = [
  responsesRecording("a text", [...textEvents(0), ended("completed", [outputMessage])]),
  responsesRecording("a thought, a text and a call", [
    { type: "response.output_item.added", output_index: 0, item: { ...reasoning, summary: [] } },
    {
      type: "response.reasoning_summary_part.added",
      item_id: "rs_1",
      output_index: 0,
      summary_index: 0,
      part: { type: "summary_text", text: "" },
    },
    { type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index: 0, delta: "Hm." },
    { type: "response.reasoning_summary_text.done", item_id: "rs_1", output_index: 0, summary_index: 0, text: "Hm." },
    {
      type: "response.reasoning_summary_part.done",
      item_id: "rs_1",
      output_index: 0,
      summary_index: 0,
      part: { type: "summary_text", text: "Hm." },
    },
    { type: "response.output_item.done", output_index: 0, item: reasoning },
    ...textEvents(1),
    { type: "response.output_item.added", output_index: 2, item: { ...functionCall, status: "in_progress", arguments: "" } },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 2, delta: '{"n"' },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 2, delta: ":1}" },
    { type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 2, name: "weather", arguments: '{"n":1}' },
    { type: "response.output_item.done", output_index: 2, item: functionCall },
    ended("completed", [reasoning, outputMessage, functionCall]),
  ]),
  responsesRecording("an answer cut by its token limit", [
    ...textEvents(0),
    ended("incomplete", [{ ...outputMessage, status: "incomplete" }], { incomplete_details: { reason: "max_output_tokens" } }),
  ]),
];

const messagesAsked = { model: "claude-x", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
const cacheUsage = {
  input_tokens: 21,
  cache_creation_input_tokens: 188,
  cache_read_input_tokens: 1000,
  cache_creation: { ephemeral_5m_input_tokens: 188, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1,
  service_tier: "standard",
};

const messagesRecordings: readonly WireRecording[] = [
  messagesRecording("a text", [
    ...block(0, { type: "text", text: "" }, [
      { type: "text_delta", text: "Grü" },
      { type: "text_delta", text: "ße 😀" },
    ]),
    ...stopped("end_turn", { output_tokens: 15 }),
  ]),
  messagesRecording("a thought, a text and two tools", [
    ...block(0, { type: "thinking", thinking: "", signature: "" }, [
      { type: "thinking_delta", thinking: "Hm" },
      { type: "thinking_delta", thinking: "…" },
      { type: "signature_delta", signature: "EqQBCgIYAg==" },
    ]),
    ...block(1, { type: "redacted_thinking", data: "EmwKAhgB" }, []),
    ...block(2, { type: "text", text: "" }, [{ type: "text_delta", text: "Let me see." }]),
    ...block(3, { type: "tool_use", id: "toolu_1", name: "weather", input: {} }, [
      { type: "input_json_delta", partial_json: "" },
      { type: "input_json_delta", partial_json: '{"city": "R' },
      { type: "input_json_delta", partial_json: 'ome", "days": [1, 2.5]}' },
    ]),
    ...block(4, { type: "tool_use", id: "toolu_2", name: "now", input: {} }, [{ type: "input_json_delta", partial_json: "" }]),
    ...stopped("tool_use", { ...cacheUsage, output_tokens: 89, output_tokens_details: { thinking_tokens: 40 } }),
  ]),
  messagesRecording("a search at the server, and what it cites", [
    ...block(0, { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }, [
      { type: "input_json_delta", partial_json: '{"query":' },
      { type: "input_json_delta", partial_json: '"sea"}' },
    ]),
    ...block(
      1,
      {
        type: "web_search_tool_result",
        tool_use_id: "srvtoolu_1",
        content: [
          { type: "web_search_result", title: "Sea", url: "https://sea.example", encrypted_content: "Eq", page_age: null },
        ],
      },
      [],
    ),
    ...block(2, { type: "text", text: "", citations: [] }, [
      {
        type: "citations_delta",
        citation: { type: "web_search_result_location", cited_text: "sea", url: "https://sea.example" },
      },
      { type: "text_delta", text: "Salty." },
      {
        type: "citations_delta",
        citation: { type: "web_search_result_location", cited_text: "salt", url: "https://salt.example" },
      },
    ]),
    ...stopped("end_turn", { input_tokens: 99, output_tokens: 30, server_tool_use: { web_search_requests: 1 } }),
  ]),
  messagesRecording("nothing at all", stopped("refusal", { output_tokens: 0 })),
  {
    ...messagesRecording("a text that ends at a word, with lines that end as on Windows", []),
    events: crlf(
      typed([
        started(),
        ...block(0, { type: "text", text: "" }, [{ type: "text_delta", text: "Hé" }]),
        ...stopped("stop_sequence", { output_tokens: 2 }, "END"),
      ]),
    ),
  },
];

const completionHead = { id: "cmpl-1", object: "text_completion", created: 1_780_000_000, model: "base" };

const completionsRecordings: readonly WireRecording[] = [
  {
    name: "a text for each of two prompts",
    path: "/v1/completions",
    request: { model: "base", prompt: ["a", "b"] },
    events: chat([
      { ...completionHead, choices: [{ index: 1, text: "Grü", logprobs: null, finish_reason: null }] },
      { ...completionHead, choices: [{ index: 0, text: "y", logprobs: null, finish_reason: "length" }] },
      { ...completionHead, choices: [{ index: 1, text: "ße", logprobs: null, finish_reason: "stop" }] },
      { ...completionHead, choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } },
    ]),
  },
];

export const wireRecordings: readonly WireRecording[] = [
  ...chatRecordings,
  ...completionsRecordings,
  ...responsesRecordings,
  ...messagesRecordings,
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

function responsesRecording(name: string, events: readonly StreamedEvent[]): WireRecording {
  const begin = [
    { type: "response.created", response: response("in_progress", []) },
    { type: "response.in_progress", response: response("in_progress", []) },
  ];
  const numbered = [...begin, ...events].map((event, index) => Object.assign({}, event, { sequence_number: index }));
  return { name, path: "/v1/responses", request: responsesAsked, events: typed(numbered) };
}

function textEvents(index: number): StreamedEvent[] {
  const place = { item_id: "msg_1", output_index: index, content_index: 0 };
  return [
    { type: "response.output_item.added", output_index: index, item: { ...outputMessage, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...place, part: emptyText },
    { type: "response.output_text.delta", ...place, delta: "Grü", logprobs: [], obfuscation: "a1" },
    { type: "response.output_text.delta", ...place, delta: "ße 😀", logprobs: [], obfuscation: "b" },
    { type: "response.output_text.done", ...place, text: "Grüße 😀", logprobs: [] },
    { type: "response.content_part.done", ...place, part: outputText },
    { type: "response.output_item.done", output_index: index, item: outputMessage },
  ];
}

function ended(status: string, output: readonly object[], extra: object = {}): StreamedEvent {
  return { type: `response.${status}`, response: { ...response(status, output), usage: responseUsage, ...extra } };
}

function response(status: string, output: readonly object[]): object {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1_780_000_000,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: "gpt-x-2026-01-01",
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: "low", summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: "text" }, verbosity: "medium" },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: null,
    user: null,
    metadata: {},
  };
}

function messagesRecording(name: string, events: readonly StreamedEvent[]): WireRecording {
  return { name, path: "/v1/messages", request: messagesAsked, events: typed([started(), { type: "ping" }, ...events]) };
}

function started(): StreamedEvent {
  const head = { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [] };
  return { type: "message_start", message: { ...head, stop_reason: null, stop_sequence: null, usage: cacheUsage } };
}

function block(index: number, start: object, deltas: readonly object[]): StreamedEvent[] {
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

function stopped(reason: string, usage: object, sequence: string | null = null): StreamedEvent[] {
  return [{ type: "message_delta", delta: { stop_reason: reason, stop_sequence: sequence }, usage }, { type: "message_stop" }];
}

function crlf(events: string): string {
  return events.replaceAll("\n", "\r\n");
}
