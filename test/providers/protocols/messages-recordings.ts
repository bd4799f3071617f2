import { type StreamedEvent, typed } from "./stream-pieces.ts";
import { crlf, type WireRecording } from "./wire-recording.ts";

const messagesAsked = { model: "claude-x", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
const cacheUsage = {
  input_tokens: 21,
  cache_creation_input_tokens: 188,
  cache_read_input_tokens: 1000,
  cache_creation: { ephemeral_5m_input_tokens: 188, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1,
  service_tier: "standard",
};

export const messagesRecordings: readonly WireRecording[] = [
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
