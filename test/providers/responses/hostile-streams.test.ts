import { expect, it } from "vitest";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { openaiResponses } from "../../../src/providers/protocols/openai-responses.ts";
import { minuteMs } from "../../../src/model/rate-limit.ts";
import { ResponseReader } from "../../../src/providers/responses/response-reader.ts";
import { readPieces } from "../../contracts/streaming.ts";
import { chat, choicePiece, typed } from "../protocols/stream-pieces.ts";

/** What looks through all for each takes a minute with so many, and what does not a second. */
const many = 100_000;
const hangs = { timeout: 30_000 };
const numbers = Array.from({ length: many }, (_, index) => index);

it.each<[string, (index: number) => object]>([
  ["each with an index, which comes again", (index) => ({ index: index % (many / 2) })],
  ["each with an id of its own", (index) => ({ id: `${index}` })],
])("a stream with 100,000 tool calls does not stop the program: %s", hangs, (_name, call) => {
  const calls = choicePiece(0, { delta: { tool_calls: numbers.map(call) }, finish_reason: "stop" });
  expect(readPieces(openaiChat, {}, [Buffer.from(chat([calls]))]).ok).toBe(true);
});

it("a stream of Responses with 50,000 items that its last event leaves out does not stop the program", hangs, () => {
  const deltas = numbers.slice(0, 50_000).map((index) => ({
    type: "response.output_text.delta",
    output_index: index,
    content_index: 1,
    delta: "x",
  }));
  const output = deltas.map(() => ({ type: "message", content: [] }));
  const events = typed([...deltas, { type: "response.completed", response: { output } }]);
  expect(readPieces(openaiResponses, {}, [Buffer.from(events)]).ok).toBe(true);
});

it("an event that is made to fill memory, by millions of brackets, fails its line", () => {
  for (const brackets of ["{},".repeat(2_000_000), `${"[".repeat(2_000_000)}${"]".repeat(2_000_000)},`])
    expect(readPieces(openaiChat, {}, [Buffer.from(`data: {"choices":[${brackets}{}]}\n\n`)])).toMatchObject({
      ok: false,
      failure: { retryable: true },
    });
});

it("a body of 5 million line feeds and a carriage return does not stop the program", () => {
  const options = { protocol: openaiChat, host: "test", timeoutMs: 1000, idleTimeoutMs: 1000, requestsPeriodMs: minuteMs };
  const reader = new ResponseReader({ ...options, redact: (text) => text });
  const text = `data: x\n${"\n".repeat(5_000_000)}\r`;
  for (const statusCode of [200, 500])
    expect(reader.readResponse({ statusCode, headers: {} }, text, { requestBody: "{}", onEvent: undefined }).ok).toBe(false);
});
