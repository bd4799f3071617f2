import { describe, expect, it } from "vitest";
import { protocols } from "../../../src/providers/protocols/protocols.ts";
import { bodyOf, readPieces, streamingContract } from "../../contracts/streaming.ts";
import { recordedStreams } from "./recorded-streams.ts";
import { chat, choicePiece, piece, type StreamedEvent, typed } from "./stream-pieces.ts";

const streaming = protocols.filter((protocol) => protocol.streaming !== undefined);

describe("protocols that stream", () => {
  it("are all but embeddings, and all are recorded", () => {
    expect(streaming.map(({ path }) => path)).toEqual(Object.keys(recordedStreams).toSorted(byProtocol));
    expect(protocols.filter((protocol) => !streaming.includes(protocol)).map(({ path }) => path)).toEqual(["/v1/embeddings"]);
  });
});

describe.each(streaming)("streams of $path", (protocol) => {
  streamingContract(protocol, recordedStreams[protocol.path] ?? []);
});

describe("a stream of Chat Completions", () => {
  it.each<[string, object[]]>([
    ["has no reason to end", [piece({ content: "Hel" })]],
    [
      "has a choice that has not ended",
      [choicePiece(0, { delta: { content: "a" }, finish_reason: "stop" }), choicePiece(1, { delta: {} })],
    ],
  ])("that %s is not whole, in spite of [DONE]", (_, chunks) => {
    expect(bodyOf(read("/v1/chat/completions", {}, chat(chunks)))).toMatchObject({ kind: "incomplete_stream", retryable: true });
  });

  it("is whole without [DONE] once all choices that were asked for have ended", () => {
    const one = chat([choicePiece(0, { delta: { content: "a" }, finish_reason: "stop" })]).replace("data: [DONE]\n\n", "");
    expect(read("/v1/chat/completions", {}, one).ok).toBe(true);
    expect(read("/v1/chat/completions", { n: 2 }, one).ok).toBe(false);
  });

  it("ends with [DONE], and skips events that hold nothing, whatever white space is about", () => {
    const events = chat([piece({ content: "Hi" }), piece({}, {}, "stop")]);
    const spaced = `data:  \n\n${events.replace("data: [DONE]", "data:[DONE] \t")}`;
    expect(bodyOf(read("/v1/chat/completions", {}, spaced))).toEqual(bodyOf(read("/v1/chat/completions", {}, events)));
    expect(read("/v1/chat/completions", {}, spaced).ok).toBe(true);
  });

  it("tells apart tool calls that all have the index 0, and joins those whose names are repeated", () => {
    const events = chat([
      toolCall("a", "f", "{"),
      toolCall("a", "f", "}"),
      toolCall("b", "g", "{}"),
      piece({}, {}, "tool_calls"),
    ]);
    expect(bodyOf(read("/v1/chat/completions", {}, events))).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              { id: "a", function: { name: "f", arguments: "{}" } },
              { id: "b", function: { name: "g", arguments: "{}" } },
            ],
          },
        },
      ],
    });
  });

  it("keeps what only some providers send", () => {
    const events = chat([
      { id: "", object: "", model: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
      piece({ role: "assistant", reasoning_content: "Hm" }, { provider: "Azure" }),
      piece({ reasoning_content: "m", reasoning_details: [{ index: 0, type: "reasoning.text", text: "H" }] }),
      piece({ reasoning_details: [{ index: 0, type: "reasoning.text", text: "m", signature: "s" }], content: "Hi" }),
      {
        choices: [{ index: 0, delta: {}, finish_reason: "stop", native_finish_reason: "STOP" }],
        x_groq: { usage: { prompt_tokens: 1 } },
      },
    ]);
    expect(bodyOf(read("/v1/chat/completions", {}, events))).toEqual({
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1_780_000_000,
      model: "gpt-x",
      system_fingerprint: "fp",
      provider: "Azure",
      prompt_filter_results: [{ prompt_index: 0 }],
      x_groq: { usage: { prompt_tokens: 1 } },
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "Hi",
            reasoning_content: "Hmm",
            reasoning_details: [{ index: 0, type: "reasoning.text", text: "Hm", signature: "s" }],
          },
          finish_reason: "stop",
          native_finish_reason: "STOP",
        },
      ],
      usage: { prompt_tokens: 1 },
    });
  });

  it("counts what its server counted, though the last chunk counts nothing, or the usage stands in the choice", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2 };
    const end = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } };
    const inChoice = choicePiece(0, { delta: { content: "Hi" }, finish_reason: "stop", usage });
    for (const chunks of [[piece({ content: "Hi" }, { usage }, "stop"), end], [inChoice, end], [inChoice]])
      expect(read("/v1/chat/completions", {}, chat(chunks))).toMatchObject({
        response: { usage: { promptTokens: 3, completionTokens: 2 } },
      });
  });

  it("cannot reach the prototypes of this program, nor claim its end by one", () => {
    const claim = '{"choices":[{"index":0,"delta":{"content":"Hel"},"__proto__":{"finish_reason":"stop"}}]}';
    expect(read("/v1/chat/completions", {}, `data: ${claim}\n\ndata: [DONE]\n\n`).ok).toBe(false);
    const events = '{"choices":[{"index":0,"delta":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}]}';
    read("/v1/chat/completions", {}, `data: ${events}\n\ndata: ${events}\n\n`);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("a stream of Messages", () => {
  it("does not round the numbers of a tool's input, and keeps one that breaks off", () => {
    const start = { type: "message_start", message: { content: [], usage: {} } };
    const stop = [{ type: "message_delta", delta: { stop_reason: "max_tokens" } }, { type: "message_stop" }];
    const attempt = read(
      "/v1/messages",
      {},
      typed([start, ...toolUse(0, '{"id": 9223372036854775807}'), ...toolUse(1, '{"id": 92'), ...stop]),
    );
    expect(attempt.ok && attempt.response.body).toContain('"input":{"id": 9223372036854775807}}');
    expect(attempt.ok && attempt.response.body).toContain(String.raw`"input":"{\"id\": 92"}`);
  });

  it("keeps what stands beside its delta, as betas have it", () => {
    const start = { type: "message_start", message: { content: [], usage: {} } };
    const management = { applied_edits: [{ type: "clear_tool_uses_20250919", cleared_tool_uses: 2 }] };
    const end = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: {}, context_management: management };
    expect(bodyOf(read("/v1/messages", {}, typed([start, end, { type: "message_stop" }])))).toEqual({
      content: [],
      stop_reason: "end_turn",
      usage: {},
      context_management: management,
    });
  });

  it("that breaks off tells what it was billed for", () => {
    const start = { type: "message_start", message: { content: [], usage: { input_tokens: 7, output_tokens: 1 } } };
    expect(read("/v1/messages", {}, typed([start]))).toMatchObject({ ok: false, usage: { promptTokens: 7 } });
  });
});

describe("a stream of Responses", () => {
  it("keeps the response as received", () => {
    const response = '{"status": "completed", "output": [], "big": 9223372036854775807, "x": 1.0}';
    const attempt = read("/v1/responses", {}, `data: {"type":"response.completed","response": ${response} }\n\n`);
    expect(attempt.ok && attempt.response.body).toBe(response);
  });

  it.each([
    ["rate_limit_exceeded", "rate_limit", true],
    ["server_error", "server_error", true],
    ["invalid_prompt", "invalid_request", false],
  ])("that failed with %s is %s", (code, kind, retryable) => {
    const response = { status: "failed", error: { code, message: "no" }, output: [] };
    const failure = { kind, retryable, statusCode: 200 };
    const failed = typed([{ type: "response.failed", response }]);
    expect(read("/v1/responses", {}, failed)).toMatchObject({ ok: false, failure });
    expect(read("/v1/responses", {}, typed([{ type: "error", code, message: "no" }]))).toMatchObject({
      ok: false,
      failure,
    });
  });

  it("that failed or was cancelled is no answer, whatever it had said, and tells what it was billed for", () => {
    const delta = { type: "response.output_text.delta", delta: "Hel" };
    const usage = { input_tokens: 9, output_tokens: 2 };
    for (const status of ["failed", "cancelled"]) {
      const response = { status, output: [], usage };
      const attempt = read("/v1/responses", {}, typed([delta, { type: `response.${status}`, response }]));
      expect(attempt).toMatchObject({ ok: false, failure: { retryable: true }, usage: { promptTokens: 9, completionTokens: 2 } });
    }
  });

  it("that is incomplete is an answer, be it cut by its limit or by a filter", () => {
    for (const reason of ["max_output_tokens", "content_filter"]) {
      const response = { status: "incomplete", incomplete_details: { reason }, output: [] };
      expect(bodyOf(read("/v1/responses", {}, typed([{ type: "response.incomplete", response }])))).toEqual(response);
    }
  });
});

function read(path: string, request: object, events: string): ReturnType<typeof readPieces> {
  const protocol = protocols.find((candidate) => candidate.path === path);
  if (protocol === undefined) throw new Error(path);
  return readPieces(protocol, request, [Buffer.from(events)]);
}

function byProtocol(a: string, b: string): number {
  const order = protocols.map(({ path }) => path);
  return order.indexOf(a) - order.indexOf(b);
}

/** A chunk of a tool call, whose index means nothing. */
function toolCall(id: string, name: string, text: string): object {
  return piece({ tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: text } }] });
}

function toolUse(index: number, text: string): StreamedEvent[] {
  return [
    { type: "content_block_start", index, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
    { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: text } },
  ];
}
