import { Anthropic } from "@anthropic-ai/sdk";
import * as fc from "fast-check";
import { OpenAI } from "openai";
import { expect, it } from "vitest";
import { anthropicMessages } from "../../../src/providers/protocols/anthropic-messages.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { bodyOf, readPieces } from "../../contracts/streaming.ts";
import { chat, type StreamedEvent, typed } from "./stream-pieces.ts";

/**
 * Random streams, read by the vendors' own clients and by us. What they have to begin with, or the clients make up what
 * is missing, stands at their beginning; what the clients add (`parsed`, `parsed_output`), and whether a text that is empty is there at
 * all, is left out.
 */
let events = "";
const settings = { apiKey: "none", maxRetries: 0, fetch: streamedEvents };
const openai = new OpenAI(settings);
const anthropic = new Anthropic(settings);

it("of Chat Completions become the same answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chatChunk, { maxLength: 8 }), async (chunks) => {
      events = chat([firstChunk, ...chunks.map(withGrowingUsage), lastChunk]);
      const ours = bodyOf(readPieces(openaiChat, {}, [Buffer.from(events)]));
      const theirs = await openai.chat.completions.stream({ model: "m", messages: [] }).finalChatCompletion();
      expect(comparable(ours)).toEqual(comparable(theirs));
    }),
    { numRuns: 40 },
  );
});

it("of Messages become the same message", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(textBlock, thinkingBlock, toolBlock), { maxLength: 4 }),
      finalUsage,
      async (blocks, usage) => {
        const delta = { stop_reason: "end_turn", stop_sequence: null };
        const end = [{ type: "message_delta", delta, usage }, { type: "message_stop" }];
        events = typed([messageStart, ...blocks.flatMap(blockEvents), ...end]);
        const ours = bodyOf(readPieces(anthropicMessages, {}, [Buffer.from(events)]));
        const theirs = await anthropic.messages.stream({ model: "m", max_tokens: 1, messages: [] }).finalMessage();
        expect(comparable(ours)).toEqual(comparable(theirs));
      },
    ),
    { numRuns: 40 },
  );
});

const text = fc.oneof(fc.constant(""), fc.string({ maxLength: 4, unit: "grapheme" }));

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const toolPiece = fc.record({
  index: fc.nat(1),
  id: maybe(fc.constant("")),
  type: maybe(fc.constant("function")),
  function: maybe(fc.record({ name: maybe(fc.constant("")), arguments: maybe(text) })),
});
const delta = fc.record({
  role: maybe(fc.constantFrom("assistant", "")),
  content: maybe(fc.option(text)),
  refusal: maybe(fc.option(text)),
  tool_calls: maybe(fc.array(toolPiece, { maxLength: 2 })),
  audio: maybe(fc.record({ id: maybe(fc.constant("audio_1")), data: maybe(text), transcript: maybe(text) })),
});
const piece = fc.record({
  index: fc.nat(1),
  delta,
  logprobs: maybe(fc.constant(null)),
  finish_reason: fc.constantFrom(null, null, "length"),
  content_filter_results: maybe(fc.constantFrom({}, { hate: { filtered: false } })),
});
const chunkHead = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
const chatChunk = fc.record({
  id: fc.constant(chunkHead.id),
  choices: fc.array(piece, { maxLength: 2 }),
  usage: maybe(fc.constant({ prompt_tokens: 9 })),
  service_tier: maybe(fc.constant("default")),
});
/** It is of the whole answer so far; a smaller one is a server's mistake, of which the larger is kept. */
function withGrowingUsage<Chunk extends { usage: object | undefined }>(chunk: Chunk, index: number): object {
  return { ...chunk, ...(chunk.usage && { usage: { ...chunk.usage, completion_tokens: index } }) };
}
const calls = ["a", "b"].map((id, index) => ({ index, id, type: "function", function: { name: "f", arguments: "" } }));
const firstChunk = {
  ...chunkHead,
  choices: [0, 1].map((index) => ({ index, delta: { role: "assistant", tool_calls: calls }, finish_reason: null })),
};
const lastChunk = { ...chunkHead, choices: [0, 1].map((index) => ({ index, delta: {}, finish_reason: "stop" })) };

interface Block {
  readonly start: object;
  readonly deltas: readonly object[];
}

const textBlock: fc.Arbitrary<Block> = fc.record({
  start: fc.constantFrom({ type: "text", text: "" }, { type: "text", text: "so", citations: [] }),
  deltas: fc.array(
    fc.oneof(
      fc.record({ type: fc.constant("text_delta"), text }),
      fc.record({ type: fc.constant("citations_delta"), citation: fc.record({ cited_text: text, document_index: fc.nat(9) }) }),
    ),
    { maxLength: 5 },
  ),
});
const thinkingBlock: fc.Arbitrary<Block> = fc.record({
  start: fc.constantFrom({ type: "thinking", thinking: "", signature: "" }),
  deltas: fc.array(
    fc.oneof(
      fc.record({ type: fc.constant("thinking_delta"), thinking: text }),
      fc.record({ type: fc.constant("signature_delta"), signature: fc.constantFrom("Eq==", "Er==") }),
    ),
    { maxLength: 5 },
  ),
});
const toolBlock: fc.Arbitrary<Block> = fc.tuple(fc.jsonValue(), fc.nat(20)).map(([value, at]) => {
  const input = JSON.stringify({ value });
  const pieces = ["", input.slice(0, at), input.slice(at)];
  return {
    start: { type: "tool_use", id: "toolu_1", name: "f", input: {} },
    deltas: pieces.map((partial) => ({ type: "input_json_delta", partial_json: partial })),
  };
});
const finalUsage = fc.record({
  input_tokens: maybe(fc.option(fc.integer({ min: 1, max: 9 }))),
  output_tokens: fc.nat(99),
  cache_read_input_tokens: maybe(fc.option(fc.nat(9))),
  server_tool_use: maybe(fc.option(fc.constant({ web_search_requests: 1 }))),
});
const messageStart = {
  type: "message_start",
  message: { id: "msg_1", type: "message", role: "assistant", content: [], usage: { input_tokens: 5, output_tokens: 1 } },
};

function blockEvents({ start, deltas }: Block, index: number): StreamedEvent[] {
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((next) => ({ type: "content_block_delta", index, delta: next })),
    { type: "content_block_stop", index },
  ];
}

const addedByClients = new Set(["parsed", "parsed_arguments", "parsed_output"]);

function comparable(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) =>
      addedByClients.has(key) || value === null || value === "" ? undefined : value,
    ),
  );
}

/** A connection for each of hundreds of streams would be most of the time. */
function streamedEvents(): Promise<Response> {
  return Promise.resolve(new Response(events, { headers: { "content-type": "text/event-stream" } }));
}
