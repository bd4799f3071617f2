import { type StreamedEvent, typed } from "./stream-pieces.ts";
import type { WireRecording } from "./wire-recording.ts";

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

export const responsesRecordings: readonly WireRecording[] = [
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
