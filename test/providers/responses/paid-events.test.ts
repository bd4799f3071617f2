import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anthropicMessages } from "../../../src/providers/protocols/anthropic-messages.ts";
import { openaiResponses } from "../../../src/providers/protocols/openai-responses.ts";
import { bodyOf, readPieces } from "../../contracts/streaming.ts";
import { type StreamedEvent, typed } from "../protocols/stream-pieces.ts";

/** What is streamed can be told apart wherever it ends up. */
type EventOf = (text: string) => StreamedEvent;

const index = fc.option(fc.nat(2), { nil: undefined });

const messageEvent: fc.Arbitrary<EventOf> = fc.oneof(
  fc.tuple(index, fc.constantFrom("text_delta", "thinking_delta", "news_delta")).map(([at, type]): EventOf => {
    const member = type === "thinking_delta" ? "thinking" : "text";
    return (text) => ({ type: "content_block_delta", index: at, delta: { type, [member]: text } });
  }),
  index.map((at): EventOf => (text) => ({
    type: "content_block_delta",
    index: at,
    delta: { type: "input_json_delta", partial_json: text },
  })),
  index.map((at): EventOf => (text) => ({
    type: "content_block_delta",
    index: at,
    delta: { type: "citations_delta", citation: { cited_text: text } },
  })),
  index.map((at): EventOf => (text) => ({ type: "content_block_start", index: at, content_block: { type: "text", text } })),
  index.map((at): EventOf => (text) => ({ type: "content_block_delta", index: at, delta: text })),
  index.map((at): EventOf => (text) => ({
    type: "content_block_delta",
    index: at,
    delta: { type: "input_json_delta", partial_json: { text } },
  })),
);

const kinds = ["output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments"];
const responseEvent: fc.Arbitrary<EventOf> = fc.oneof(
  fc.tuple(index, index, fc.constantFrom(...kinds)).map(([item, part, kind]): EventOf => {
    return (text) => ({ type: `response.${kind}.delta`, output_index: item, content_index: part, delta: text });
  }),
  index.map((item): EventOf => (text) => ({
    type: "response.output_text.done",
    output_index: item,
    content_index: 9 + Number(text.slice(1, -1)),
    text,
  })),
  index.map((item): EventOf => (text) => ({ type: "response.output_text.delta", output_index: item, delta: [text] })),
);

/** Checks that nothing is lost of any answer. @returns how many of 1,000 streams were answers. */
function countWhole(
  eventOf: fc.Arbitrary<EventOf>,
  read: (events: readonly StreamedEvent[]) => ReturnType<typeof readPieces>,
): number {
  let answers = 0;
  fc.assert(
    fc.property(fc.array(eventOf, { minLength: 1, maxLength: 8 }), (writers) => {
      const attempt = read(writers.map((write, position) => write(`<${position}>`)));
      if (!attempt.ok) return;
      answers += 1;
      for (const position of writers.keys()) expect(attempt.response.body).toContain(`<${position}>`);
    }),
    { numRuns: 1_000 },
  );
  return answers;
}

function readMessage(events: readonly StreamedEvent[]): ReturnType<typeof readPieces> {
  const start = { type: "message_start", message: { id: "m", content: [], usage: {} } };
  const end = [{ type: "message_delta", delta: { stop_reason: "end_turn" } }, { type: "message_stop" }];
  return readPieces(anthropicMessages, {}, [Buffer.from(typed([start, ...events, ...end]))]);
}

function readResponse(events: readonly StreamedEvent[], response: object): ReturnType<typeof readPieces> {
  return readPieces(openaiResponses, {}, [Buffer.from(typed([...events, { type: "response.completed", response }]))]);
}

function blockOfIndex0(text: string): StreamedEvent[] {
  return [
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
  ];
}

describe("a stream of Messages", () => {
  it("loses no piece of what becomes an answer, whatever its blocks are called", () => {
    expect(countWhole(messageEvent, readMessage)).toBeGreaterThan(100);
  });

  it("is whole where its blocks were not started", () => {
    const deltas = [
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hel" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "lo" } },
    ];
    const content = [
      { type: "thinking", thinking: "Hm" },
      { type: "text", text: "Hello" },
    ];
    expect(bodyOf(readMessage(deltas))).toMatchObject({ content });
  });

  it("keeps each of the blocks that were started with one index, and those of the start", () => {
    expect(bodyOf(readMessage([...blockOfIndex0("one"), ...blockOfIndex0("two")]))).toMatchObject({
      content: [{ text: "one" }, { text: "two" }],
    });
    const start = { type: "message_start", message: { content: [{ type: "text", text: "all at once" }] } };
    expect(bodyOf(readMessage([start]))).toMatchObject({ content: [{ type: "text", text: "all at once" }] });
  });

  it("counts the input that only its start knows, where its end writes a zero", () => {
    const start = { type: "message_start", message: { content: [], usage: { input_tokens: 7, output_tokens: 1 } } };
    const end = { type: "message_delta", delta: {}, usage: { input_tokens: 0, output_tokens: 9 } };
    expect(readMessage([start, end])).toMatchObject({ response: { usage: { promptTokens: 7, completionTokens: 9 } } });
  });
});

describe("a stream of Responses", () => {
  it.each<[string, object]>([
    ["an empty output", { output: [] }],
    ["no output", {}],
    ["a message without content", { output: [{ type: "message", id: "other", content: [] }] }],
  ])("loses no piece where its last event has %s", (_name, response) => {
    const read = (events: readonly StreamedEvent[]): ReturnType<typeof readPieces> =>
      readResponse(events, { ...response, status: "completed" });
    expect(countWhole(responseEvent, read)).toBeGreaterThan(100);
  });

  const text = { type: "response.output_text.delta", output_index: 1, content_index: 0, item_id: "msg_1", delta: "Hel" };
  const events: StreamedEvent[] = [
    { type: "response.output_item.added", output_index: 0, item: { type: "reasoning", id: "rs_1", summary: [] } },
    { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "Hm" },
    { type: "response.output_item.done", output_index: 0, item: { type: "reasoning", id: "rs_1", encrypted_content: "x" } },
    text,
    { ...text, delta: "lo" },
    { type: "response.function_call_arguments.delta", output_index: 2, item_id: "fc_1", delta: "{}" },
  ];

  it("puts what was streamed into the empty output of its last event, and leaves the rest as it was received", () => {
    const attempt = readPieces(openaiResponses, {}, [
      Buffer.from(`${typed(events)}data: {"type":"response.completed","response":{"output": [ ], "x": 1.0}}\n\n`),
    ]);
    expect(bodyOf(attempt)).toEqual({
      output: [
        { type: "reasoning", id: "rs_1", encrypted_content: "x", summary: [{ type: "summary_text", text: "Hm" }] },
        { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Hello" }] },
        { type: "function_call", id: "fc_1", arguments: "{}" },
      ],
      x: 1,
    });
    expect(attempt.ok && attempt.response.body).toMatch(/, "x": 1\.0\}$/);
  });

  it("fails where a delta of a new kind would be lost", () => {
    const strange = { type: "response.news.delta", delta: "new" };
    const output = [{ type: "message", content: [{ type: "output_text", text: "Hello" }] }];
    expect(readResponse([strange], { output: [] })).toMatchObject({ ok: false, failure: { retryable: true } });
    expect(readResponse([strange, ...events], { output })).toMatchObject({ ok: false, failure: { retryable: true } });
    expect(bodyOf(readResponse([strange, text], { output }))).toEqual({ output });
  });

  it("takes the last event as it stands where it says all that was streamed, with ids and white space of its own", () => {
    const output = [
      { type: "reasoning", id: "other", summary: [{ type: "summary_text", text: " Hm\n" }] },
      { type: "message", id: "another", content: [{ type: "output_text", text: "Hello", annotations: [] }] },
      { type: "function_call", arguments: "{ }" },
    ];
    expect(bodyOf(readResponse(events, { output }))).toEqual({ output });
  });

  it("keeps the items that its last event left out beside those that it has", () => {
    const message = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "Hello" }] };
    const body = bodyOf(readResponse(events, { output: [message, { type: "web_search_call" }] }));
    expect(body).toMatchObject({
      output: [{ type: "reasoning" }, message, { type: "function_call" }, { type: "web_search_call" }],
    });
  });
});
