import { expect, test } from "vitest";
import { imageTokens } from "../../src/tokens/image-tokens.ts";

const chat = "/v1/chat/completions";

/** Worked examples of the makers' guides; the sources stand in `image-tokens.ts`. */
test.each([
  ["gpt-4o", 1024, 1024, "high", 765],
  ["gpt-4o", 2048, 4096, "high", 1105],
  ["gpt-4o", 4096, 8192, "low", 85],
  ["gpt-4o", 512, 512, "auto", 255],
  ["gpt-4o-mini", 512, 512, "high", 2833 + 5667],
  ["gpt-5", 1024, 1024, undefined, 70 + 4 * 140],
  ["o1", 1024, 1024, undefined, 75 + 4 * 150],
  ["gpt-4.1-mini", 1024, 1024, undefined, 1659], // 1,024 patches
  ["gpt-5-nano", 4000, 4000, undefined, 3779], // 1,536 patches at most
  ["o4-mini-2025-04-16", 33, 32, undefined, 4],
  ["gemini-2.5-flash", 384, 384, undefined, 258],
  ["gemini-2.5-flash", 960, 540, undefined, 2 * 258],
])("%s: an image of %i x %i pixels, detail %s, is %i tokens", (model, width, height, detail, tokens) => {
  expect(imageTokens(chat, model, { width, height }, detail)).toBe(tokens);
});

test.each([
  [200, 200, 54],
  [1000, 1000, 1334],
  [1092, 1092, 1590],
  [8000, 4000, 1600],
])("Claude: an image of %i x %i pixels is %i tokens", (width, height, tokens) => {
  expect(imageTokens("/v1/messages", "anything", { width, height })).toBe(tokens);
  expect(imageTokens(chat, "anthropic/claude-sonnet-4", { width, height })).toBe(tokens);
});

test("an image whose size is not known counts as one of 1024 x 1024", () => {
  expect(imageTokens(chat, "gpt-4o")).toBe(imageTokens(chat, "gpt-4o", { width: 1024, height: 1024 }));
});
