import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { openaiCompletions } from "../../../src/providers/protocols/openai-completions.ts";
import type { Protocol } from "../../../src/providers/protocol.ts";
import { bodyOf, readPieces } from "../../contracts/streaming.ts";
import { chat, choicePiece, piece } from "../protocols/stream-pieces.ts";

/** Texts that can be told apart wherever they end up. */
const marks: fc.Arbitrary<readonly string[]> = fc
  .integer({ min: 1, max: 8 })
  .map((count) => Array.from({ length: count }, (_, index) => `<${index}>`));

/** How a server may write a piece of text. */
const writings: readonly ((text: string) => object)[] = [
  (text) => ({ content: text }),
  (text) => ({ content: [{ type: "text", text }] }),
  (text) => ({ content: { type: "text", text } }),
  (text) => ({ content: [{ type: "thinking", thinking: [{ type: "text", text }] }] }),
  (text) => ({ reasoning_content: text, content: "" }),
  (text) => ({ reasoning_details: [{ index: 0, type: "reasoning.text", text }] }),
  (text) => ({ reasoning_details: [{ index: 0, type: "reasoning.summary", summary: text }], content: null }),
  (text) => ({ tool_calls: { function: { arguments: text } } }),
  (text) => ({ tool_calls: [{ index: 0, type: "function", function: { name: text, arguments: text } }] }),
  (text) => ({ tool_calls: [{ index: 1, id: "a", function: { arguments: text } }] }),
  (text) => ({ tool_calls: [{ id: text, function: { name: "f", arguments: { text } } }] }),
  (text) => ({ tool_calls: [{ function: { arguments: text } }] }),
  (text) => ({ tool_calls: [text] }),
  (text) => ({ content: [{ type: "thinking", text }] }),
  (text) => ({ function_call: { arguments: text } }),
  (text) => ({ audio: { data: text } }),
];

const chunk: fc.Arbitrary<(text: string) => object> = fc.oneof(
  fc.tuple(fc.constantFrom(...writings), fc.nat(1)).map(
    ([write, index]) =>
      (text: string) =>
        choicePiece(index, { delta: write(text) }),
  ),
  fc.constant((text: string) => choicePiece(0, { message: { content: text } })),
  fc.constant((text: string) => choicePiece(0, { text })),
  fc.constant((text: string) => choicePiece(0, { delta: text })),
  fc.constant((text: string) => choicePiece(0, { token_ids: [text] })),
  fc.constant((text: string) => ({ choices: { delta: { content: text } } })),
  fc.constant((text: string) => [choicePiece(0, { delta: { content: text } })]),
);

function read(protocol: Protocol, events: string): ReturnType<typeof readPieces> {
  return readPieces(protocol, {}, [Buffer.from(events)]);
}

describe.each([openaiChat, openaiCompletions])("$path", (protocol) => {
  it("loses no piece of a stream that becomes an answer, however its server writes", () => {
    const chunks = marks.chain((texts) =>
      fc.tuple(fc.constant(texts), fc.array(chunk, { minLength: texts.length, maxLength: texts.length })),
    );
    let answers = 0;
    fc.assert(
      fc.property(chunks, ([texts, writers]) => {
        const pieces = texts.map((text, index) => writers[index]?.(text) ?? {});
        const ends = [0, 1].map((index) => choicePiece(index, { delta: {}, finish_reason: "stop" }));
        const attempt = read(protocol, chat([...pieces, ...ends]));
        if (!attempt.ok) return;
        answers += 1;
        for (const text of texts) expect(attempt.response.body).toContain(text);
      }),
      { numRuns: 1_000 },
    );
    expect(answers).toBeGreaterThan(100);
  });
});

describe("content that is now a text, now a list of parts", () => {
  it("becomes one list, in which texts go on", () => {
    const thought = { type: "thinking", thinking: [{ type: "text", text: "Hm." }] };
    const deltas = [{ content: "" }, { content: [thought] }, { content: "Hel" }, { content: "lo" }, { content: [] }];
    expect(messageOf(deltas)).toMatchObject({ content: [thought, { type: "text", text: "Hello" }] });
    expect(messageOf([{ content: "Hel" }, { content: "lo" }, { content: [thought] }])).toMatchObject({
      content: [{ type: "text", text: "Hello" }, thought],
    });
  });
});

/** Pieces of the calls a = f({"x":1}) and b = g({}), as servers write them. */
describe("tool calls", () => {
  const f = { id: "a", function: { name: "f", arguments: '{"x":1}' } };
  const g = { id: "b", function: { name: "g", arguments: "{}" } };
  it.each<[string, readonly object[]]>([
    ["without an index", [{ id: "a", function: { name: "f", arguments: "" } }, args('{"x"'), args(":1}"), g]],
    [
      "without an index, with ids repeated",
      [{ ...f, function: { name: "f", arguments: '{"x"' } }, { id: "a", ...args(":1}") }, g],
    ],
    [
      "with the id and the name in each piece",
      [
        { index: 0, ...f, function: { name: "f", arguments: '{"x"' } },
        { index: 0, ...f, function: { name: "f", arguments: ":1}" } },
        g,
      ],
    ],
    [
      "with an index that counts pieces",
      [
        { index: 0, ...f, function: { name: "f", arguments: '{"x"' } },
        { index: 1, id: "a", ...args(":1") },
        { index: 2, ...args("}") },
        { index: 3, ...g },
      ],
    ],
    [
      "that all have the index 0, side by side",
      [
        { index: 0, ...f, function: { name: "f", arguments: '{"x"' } },
        { index: 0, id: "b", function: { name: "g", arguments: "{" } },
        { index: 0, id: "a", ...args(":1}") },
        { index: 0, id: "b", ...args("}") },
      ],
    ],
  ])("%s are told apart, and whole", (_name, pieces) => {
    expect(messageOf(pieces.map((call) => ({ tool_calls: [call] })))).toMatchObject({ tool_calls: [f, g] });
  });

  it("of different names are two, though they have the same index and no id, or the same id", () => {
    const calls = [{ function: { name: "f", arguments: "{}" } }, { function: { name: "g", arguments: "{}" } }];
    for (const id of [undefined, "", "call"])
      expect(messageOf(calls.map((call) => ({ tool_calls: [{ index: 0, id, ...call }] })))).toMatchObject({ tool_calls: calls });
  });
});

describe("an event that has no place in an answer", () => {
  it.each(["[1]", '"half"', '{"choices":{}}', '{"choices":[null]}', '{"choices":[{"index":0,"delta":"half"}]}'])(
    "fails the line, instead of being left out: %s",
    (event) => {
      const events = chat([piece({ content: "whole" }, {}, "stop")]);
      expect(read(openaiChat, `data: ${event}\n\n${events}`)).toMatchObject({ ok: false, failure: { retryable: true } });
    },
  );
});

it.each(["null", "17", "true", '""', "[]", "{}", '{"choices":[]}', '{"choices":[{"index":0,"delta":[]}]}'])(
  "an event that holds nothing fails no line: %s",
  (event) => {
    expect(read(openaiChat, `data: ${event}\n\n${chat([piece({ content: "whole" }, {}, "stop")])}`).ok).toBe(true);
  },
);

function args(text: string): { readonly function: object } {
  return { function: { arguments: text } };
}

function messageOf(deltas: readonly object[]): unknown {
  const body = bodyOf(read(openaiChat, chat([...deltas.map((delta) => piece(delta)), piece({}, {}, "stop")])));
  expect(body).toMatchObject({ choices: [{ message: expect.anything() }] });
  return JSON.parse(JSON.stringify(body)).choices[0].message;
}
