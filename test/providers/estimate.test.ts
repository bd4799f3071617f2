import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimate } from "../../src/providers/estimate.ts";
import { createProvider } from "../../src/providers/providers.ts";
import type { BatchRequest } from "../../src/model/request.ts";

const request: BatchRequest = {
  kind: "request",
  lineNumber: 1,
  customId: "a",
  path: "/v1/chat/completions",
  model: "m",
  body: "x".repeat(401),
};

test("a request is estimated in whole tokens, more for a longer body", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (body) => {
      const { inputTokens } = estimate({ ...request, body }, "sum");
      expect(Number.isSafeInteger(inputTokens) && inputTokens >= 0).toBe(true);
      expect(estimate({ ...request, body: `${body} and four` }, "sum").inputTokens).toBeGreaterThan(inputTokens);
    }),
  );
});

test("bytes are counted, not characters: Chinese would be reserved at a third", () => {
  expect(estimate({ ...request, body: "你".repeat(40) }, "sum").inputTokens).toBe(30);
});

function tokens(members: string): number {
  return estimate({ ...request, body: `{"model":"m","messages":[${members}]}` }, "sum").inputTokens;
}

test.each([
  ["a data URL", `"url":"data:image/png;base64,${"iVBORw0KGgo".repeat(20_000)}"`],
  ["base64", `"data":"${"/+9aB0".repeat(40_000)}=="`],
])("an image as %s counts by the piece, and so does each of several", (_, member) => {
  const around = '{"model":"m","messages":[]}'.length;
  expect(tokens(member)).toBeGreaterThan(1_500);
  expect(tokens(member)).toBeLessThan(1_500 + around);
  expect(tokens(`${member},${member}`)).toBeLessThan(2 * (1_500 + around));
});

test.each([
  ["prose", "It is a long story. ".repeat(5_000)],
  ["Chinese, which has no spaces", "你好，世界。".repeat(10_000)],
  ["numbers of tokens", JSON.stringify(Array.from({ length: 20_000 }, (_, at) => at))],
  ["a text that quotes base64", `See: ${"iVBORw0KGgo".repeat(5_000)}`],
  ["a path that goes on", "src/a-file.ts,".repeat(5_000)],
])("%s is no image, however long", (_, body) => {
  expect(estimate({ ...request, body: `"${body}"` }, "sum").inputTokens).toBe(Math.ceil((Buffer.byteLength(body) + 2) / 4));
});

test("a request says what limits it falls under and what its answer may have at most", () => {
  expect(estimate({ ...request, maxOutputTokens: 50 }, "larger")).toEqual({
    model: "m",
    inputTokens: 101,
    maxOutputTokens: 50,
    counting: "larger",
  });
});

test("OpenAI counts the larger of request and maximum; another server behind its preset is not taken to", async () => {
  const openai = createProvider("openai", { apiKey: "k" });
  const other = createProvider("openai", { baseUrl: "http://127.0.0.1:9/v1" });
  expect(openai.estimate(request).counting).toBe("larger");
  expect(openai.estimate({ ...request, path: "/v1/embeddings" }).counting).toBe("input");
  expect(other.estimate(request).counting).toBe("sum");
  await Promise.all([openai.close(), other.close()]);
});
