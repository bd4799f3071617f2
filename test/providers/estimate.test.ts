import { expect, test } from "vitest";
import { estimate } from "../../src/providers/estimate.ts";
import { createProvider } from "../../src/providers/providers.ts";
import type { BatchRequest } from "../../src/model/request.ts";
import { estimateInputTokens } from "../../src/tokens/tokens.ts";

const request: BatchRequest = {
  kind: "request",
  lineNumber: 1,
  customId: "a",
  path: "/v1/chat/completions",
  model: "m",
  body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello, how are you today?" }] }),
};

test("a request says what it has, what limits it falls under, and what its answer may have at most", () => {
  expect(estimate({ ...request, maxOutputTokens: 50 }, "larger")).toEqual({
    model: "m",
    inputTokens: estimateInputTokens(request),
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
