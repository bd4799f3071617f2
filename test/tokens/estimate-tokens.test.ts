import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimateInputTokens, estimateTextTokens, estimateTokens } from "../../src/tokens/tokens.ts";

const chat = "/v1/chat/completions";

function tokensOf(body: object, path = chat): number {
  return estimateInputTokens({ path, body: JSON.stringify(body) });
}

function content(value: unknown, model = "gpt-4o", path = chat): number {
  const empty = tokensOf({ model, messages: [{ role: "user", content: "" }] }, path);
  return tokensOf({ model, messages: [{ role: "user", content: value }] }, path) - empty;
}

const text = "The quick brown fox jumps over the lazy dog. ";

test("any text has a whole number of tokens, more with more of it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 500 }), (some) => {
      const tokens = estimateTextTokens(some);
      expect(Number.isSafeInteger(tokens) && tokens >= 0).toBe(true);
      expect(estimateTextTokens(`${some} and four words more`)).toBeGreaterThan(tokens);
      expect(estimateTokens(some)).toBe(tokens);
    }),
  );
});

test("what is escaped counts as what it says: Python writes all but ASCII so", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(0xff_ff).map((unit) => String.fromCharCode(unit)), maxLength: 300 }), (some) => {
      const plain = JSON.stringify({ messages: [{ role: "user", content: some }] });
      const escaped = plain.replaceAll(/[^\0-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
      expect(estimateInputTokens({ path: chat, body: escaped })).toBe(estimateInputTokens({ path: chat, body: plain }));
    }),
  );
});

test("a long text of one kind counts as its parts do", () => {
  const short = estimateTextTokens(text.repeat(40));
  const long = estimateTextTokens(text.repeat(40_000));
  expect(Math.abs(long / (short * 1000) - 1)).toBeLessThan(0.02);
});

test("a message counts 3 and its role, a name 1, the start of the answer 3", () => {
  expect(tokensOf({ messages: [{ role: "user", content: "" }] })).toBe(7);
  expect(
    tokensOf({
      messages: [
        { role: "system", content: "" },
        { role: "user", content: "" },
      ],
    }),
  ).toBe(11);
  expect(tokensOf({ messages: [{ role: "user", name: "", content: "" }] })).toBe(8);
});

test.each([
  ["parameters", { temperature: 0.5, max_tokens: 1000, stop: [text], user: text, metadata: { note: text }, seed: 12_345 }],
  ["a format without a schema", { response_format: { type: "json_object" }, text: { verbosity: "low" } }],
  ["no tools", { tools: [] }],
])("%s are no tokens", (_, members) => {
  const messages = [{ role: "user", content: text }];
  expect(tokensOf({ messages, ...members })).toBe(tokensOf({ messages }));
});

test.each([
  ["instructions", { instructions: text }],
  ["a system prompt of Messages", { system: [{ type: "text", text, cache_control: { type: "ephemeral" } }] }],
  ["input as a text", { input: text }],
  ["input as messages", { input: [{ content: [{ type: "input_text", text }] }] }],
  ["a prompt", { prompt: text }],
])("%s counts", (_, members) => {
  expect(tokensOf(members)).toBe(estimateTextTokens(text));
});

test("a call of a tool counts with its arguments, its result as text, and ids do not", () => {
  const call = { id: "call_0123456789", type: "function", function: { name: "f", arguments: text } };
  const asked = tokensOf({ messages: [{ role: "assistant", content: null, tool_calls: [call] }] });
  expect(Math.abs(asked - (7 + estimateTextTokens(text) + 1 + 3 + estimateTextTokens("f")))).toBeLessThanOrEqual(1);
  const answered = { role: "tool", tool_call_id: "call_0123456789", content: text };
  expect(tokensOf({ messages: [answered] })).toBe(7 + estimateTextTokens(text));
});

test("definitions of tools count, and Claude is told of tools besides", () => {
  const tools = [
    { name: "get_weather", description: text, input_schema: { type: "object", properties: { city: { type: "string" } } } },
  ];
  const messages = [{ role: "user", content: text }];
  const added = tokensOf({ messages, tools }) - tokensOf({ messages });
  expect(added).toBeGreaterThan(estimateTextTokens(text));
  expect(tokensOf({ messages, tools }, "/v1/messages") - tokensOf({ messages }, "/v1/messages")).toBe(added + 346);
});

test("lists of tokens count by the piece", () => {
  expect(tokensOf({ input: [[1, 22, 333], [4444]] }, "/v1/embeddings")).toBe(4);
});

const png = Buffer.concat([
  Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x04\0", "latin1"),
  Buffer.alloc(100_000, "any bytes"),
]).toString("base64");
const url = `data:image/png;base64,${png}`;

test.each([
  ["Chat Completions", 765, content([{ type: "image_url", image_url: { url } }])],
  ["Chat Completions, low", 85, content([{ type: "image_url", image_url: { url, detail: "low" } }])],
  ["Responses", 765, content([{ type: "input_image", image_url: url, detail: "high" }])],
  ["Responses, low", 85, content([{ type: "input_image", image_url: url, detail: "low" }])],
  ["an address", 765, content([{ type: "image_url", image_url: { url: "https://example.com/a.png" } }])],
  ["a file id", 765, content([{ type: "input_image", file_id: "file-1" }])],
  [
    "Messages",
    1399,
    content([{ type: "image", source: { type: "base64", media_type: "image/png", data: png } }], "m", "/v1/messages"),
  ],
])("an image as in %s counts by its size: %i tokens", (_, tokens, counted) => {
  expect(counted).toBe(tokens);
});

const pdf = Buffer.alloc(300_000, "%PDF-1.7 ").toString("base64");

test.each([
  [
    "sound of 10 s",
    100,
    content([{ type: "input_audio", input_audio: { data: Buffer.alloc(480_000).toString("base64"), format: "wav" } }]),
  ],
  [
    "a file of 3 pages",
    6750,
    content([{ type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` } }]),
  ],
  ["a file that is elsewhere", 2250, content([{ type: "file", file: { file_id: "file-1" } }])],
  ["a document", 6750, content([{ type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf } }])],
  [
    "a document that is text",
    10,
    content([{ type: "document", source: { type: "text", media_type: "text/plain", data: text } }]),
  ],
  ["base64 in an unknown place", 1500, content([{ type: "new", surprise: { data: pdf } }])],
])("%s is %i tokens", (_, tokens, counted) => {
  expect(counted).toBe(tokens);
});

test.each([
  ["prose", text.repeat(2_000)],
  ["Chinese, which has no spaces", "你好，世界。".repeat(5_000)],
  ["a text that quotes base64", `See: ${"iVBORw0KGgo".repeat(5_000)}`],
  ["a path that goes on", "src/a-file.ts,".repeat(5_000)],
])("%s is no attachment, however long", (_, long) => {
  expect(Math.abs(content(long) - estimateTextTokens(long))).toBeLessThanOrEqual(1);
});

test.each([
  "",
  "null",
  "[]",
  "xyz",
  '{"messages":',
  '{"messages":[[[[',
  '{"messages":[{"role":"us',
  '{"messages":[{"content":"\\u12',
])("%j, which is no request, does not break it", (body) => {
  expect(estimateInputTokens({ path: chat, body })).toBeGreaterThanOrEqual(0);
});

test("nesting does not take the stack", () => {
  const deep = `${'{"a":['.repeat(100_000)}"text"${"]}".repeat(100_000)}`;
  expect(estimateInputTokens({ path: chat, body: `{"messages":[${deep}]}` })).toBeGreaterThan(0);
});
