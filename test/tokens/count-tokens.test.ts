import * as fc from "fast-check";
import { countTokens as countO200k } from "gpt-tokenizer/encoding/o200k_base";
import { countTokens as countCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { expect, test } from "vitest";
import { encodingOf } from "../../src/tokens/encodings.ts";
import { countTokens, estimateInputTokens, estimateTextTokens } from "../../src/tokens/tokens.ts";
import { anyCharacter } from "../text/any-character.ts";

const chat = "/v1/chat/completions";
const asText = { disallowedSpecial: new Set<string>() };
const words = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("<|endoftext|>", "<|im_start|>", " ", "\n\n", "don't", "Straße", "你好", "12345", "/*", "naïve", "Привет"),
);

test("a text has the tokens that gpt-tokenizer counts, special ones being text", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
      const text = parts.join("");
      expect(countTokens(text, "gpt-4o")).toBe(countO200k(text, asText));
      expect(countTokens(text, "gpt-4")).toBe(countCl100k(text, asText));
    }),
  );
});

function countChat(messages: unknown): number {
  return countTokens({ path: chat, body: JSON.stringify({ model: "gpt-4o", messages }) });
}

test("a request has those of its texts, and what messages have besides", () => {
  expect(countChat([{ role: "user", content: "Hello" }])).toBe(8); // as `encodeChat` has it
  fc.assert(
    fc.property(fc.array(fc.string({ unit: anyCharacter }), { minLength: 1, maxLength: 5 }), (texts) => {
      const sum = texts.reduce((tokens, text) => tokens + countO200k(text, asText), 0);
      expect(countChat(texts.map((content) => ({ role: "user", content })))).toBe(sum + 4 * texts.length + 3);
      expect(countChat([{ role: "user", content: texts.map((text) => ({ type: "text", text })) }])).toBe(sum + 7);
    }),
  );
});

test("tools have those of the form in which models are shown them", () => {
  const parameters = { type: "object", properties: { city: { type: "string", description: "Which one" } }, required: ["city"] };
  const definition = { name: "get_weather", description: "How it is", parameters };
  const body = { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] };
  const shown = [
    "namespace functions {",
    "",
    "// How it is",
    "type get_weather = (_: {",
    "// Which one",
    "city: string,",
    "}) => any;",
    "",
    "} // namespace functions",
  ].join("\n");
  const expected = 8 + 9 + countO200k(shown);
  for (const tools of [[{ type: "function", function: definition }], [{ type: "function", ...definition }]])
    expect(countTokens({ path: chat, body: JSON.stringify({ ...body, tools }) })).toBe(expected);
});

test.each([
  ["letters", "a".repeat(1_000_000)],
  ["spaces", " ".repeat(1_000_000)],
  ["signs", "-".repeat(1_000_000)],
  ["emoji", "😀".repeat(500_000)],
  ["Chinese", Array.from({ length: 300_000 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919) % 20_000))).join("")],
])("a megabyte of %s without a break is estimated: counting it would take minutes", (_, text) => {
  const tokens = countTokens(text, "gpt-4o");
  expect(tokens).toBe(estimateTextTokens(text));
  expect(countTokens(`Before. ${text}\nAfter it, too.`, "gpt-4o")).toBeGreaterThan(tokens + 5);
});

test.each([
  ["gpt-4o-mini", "o200k_base"],
  ["gpt-4.1", "o200k_base"],
  ["gpt-5.4-mini", "o200k_base"],
  ["o3-pro", "o200k_base"],
  ["openai/gpt-oss-120b", "o200k_base"],
  ["ft:gpt-4o-2024-08-06:acme", "o200k_base"],
  ["gpt-4-turbo", "cl100k_base"],
  ["gpt-35-turbo", "cl100k_base"],
  ["text-embedding-3-small", "cl100k_base"],
  ["claude-sonnet-4", undefined],
  ["gemini-2.5-pro", undefined],
  ["olmo-2", undefined],
  ["", undefined],
])("the vocabulary of %s is %s", (model, encoding) => {
  expect(encodingOf(model)).toBe(encoding);
});

test("requests for models whose vocabulary is not known are estimated", () => {
  const request = {
    path: chat,
    body: JSON.stringify({ model: "claude-sonnet-4", messages: [{ role: "user", content: "Hello you" }] }),
  };
  expect(countTokens(request)).toBe(estimateInputTokens(request));
  expect(countTokens("Hello you all")).toBe(estimateTextTokens("Hello you all"));
});
