import { describe, expect, test } from "vitest";
import { invalidOf, requestOf } from "./parse-support.ts";

describe("the path", () => {
  test.each([
    ['{"model":"m","messages":[]}', "/v1/chat/completions"],
    ['{"model":"m","input":"Hi"}', "/v1/responses"],
    ['{"model":"text-embedding-3-small","input":"Hi"}', "/v1/embeddings"],
    ['{"model":"Qwen3-Embedding-8B","input":"Hi"}', "/v1/embeddings"],
    ['{"model":"m","input":"Hi","encoding_format":"float"}', "/v1/embeddings"],
    ['{"model":"m","input":"Hi","dimensions":256}', "/v1/embeddings"],
    ['{"body":{"model":"m","input":"Hi"}}', "/v1/responses"],
    ['{"body":{"model":"text-embedding-3-small","input":"Hi"}}', "/v1/embeddings"],
    ['{"body":{"model":"m","prompt":"Hi"}}', "/v1/completions"],
    ['{"params":{"model":"m","input":"Hi"}}', "/v1/messages"],
    ['{"url":"/v1/chat/completions","params":{"model":"m"}}', "/v1/chat/completions"],
    ['{"url":"/chat/completions","body":{"model":"m","messages":[]}}', "/v1/chat/completions"],
    ['{"url":"/responses","model":"m","input":"Hi"}', "/v1/responses"],
    ['{"url":"/messages","prompt":"Hi","model":"m"}', "/v1/messages"],
    ['{"url":"/rerank","body":{"model":"m","input":"Hi"}}', "/rerank"],
    ['{"url":"/v1/moderations","body":{"model":"m","input":"Hi"}}', "/v1/moderations"],
    ['{"url":"/v1beta/models/gemini-2.5:generateContent","body":{"model":"m"}}', "/v1beta/models/gemini-2.5:generateContent"],
  ])("of %s is %s", (text, path) => {
    expect(requestOf(text).path).toBe(path);
  });

  test("is that of embeddings when the model for all lines is one", () => {
    expect(requestOf('{"input":"Hi"}', { defaultModel: "nomic-embed-text" }).path).toBe("/v1/embeddings");
  });
});

describe("a `url` that is no plain path", () => {
  test.each([
    "https://evil.example/v1/chat/completions",
    "HTTPS:/v1/chat/completions",
    "//evil.example/v1",
    "/\\evil.example/v1",
    "\\\\evil.example",
    "\\/evil.example",
    "@evil.example/v1",
    "/@evil.example",
    "/v1@evil.example",
    "v1/chat/completions",
    "",
    "/",
    "/v1//chat",
    "/v1/chat/completions/",
    "/v1/../admin",
    "/v1/..",
    "/../v1",
    "/./v1",
    "/v1/.",
    "/v1/%2e%2e/admin",
    "/v1/%2E./admin",
    "/v1/%2fevil",
    "/v1/%5cevil",
    "/v1/%40",
    "/v1/..;/admin",
    "/v1/chat/completions?api-version=1",
    "/v1/chat/completions#x",
    " /v1/chat/completions",
    "/v1/chat/completions ",
    "/v1/chat/completions\n",
    "/v1/\tchat",
    "/v1/\u0000chat",
    "/v1/\u2028chat",
    "/v1/chat\u202Ecompletions",
    "/v1／chat",
    "/v1/ｃhat",
    "/v1/．．/x",
  ])("%j is refused in one sentence that does not repeat it", (url) => {
    for (const form of [{ body: { model: "m", messages: [] } }, { params: { model: "m" } }, { prompt: "Hi", model: "m" }]) {
      const line = invalidOf(JSON.stringify({ custom_id: "a", url, ...form }));
      expect(line.failure.message).toBe(
        '`url` must be a plain path such as "/v1/chat/completions"; the host is chosen with --provider or --base-url, never by a line',
      );
    }
  });

  test("is not checked for hours", () => {
    expect(invalidOf(JSON.stringify({ url: `${"/a".repeat(300_000)}?`, prompt: "Hi", model: "m" })).failure.kind).toBe(
      "invalid_line",
    );
    expect(invalidOf(JSON.stringify({ url: `/${".".repeat(300_000)}?`, prompt: "Hi", model: "m" })).failure.kind).toBe(
      "invalid_line",
    );
  });

  test.each(["null", "5", "{}"])("%s is told the same", (url) => {
    expect(invalidOf(`{"url":${url},"prompt":"Hi","model":"m"}`).failure.message).toMatch(/^`url` must be a plain path/);
  });
});
