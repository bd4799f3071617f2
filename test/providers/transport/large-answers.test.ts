import { describe, expect, it } from "vitest";
import { requestOf } from "../../contracts/provider.ts";
import { connected } from "../../support/connected.ts";
import type { Reply } from "../../support/scripted-server.ts";

const { signal } = new AbortController();
const path = "/v1/embeddings";

/** As decimals they take four times what base64 takes. */
const numbers = Array.from({ length: 3072 }, (_, index) => -0.012345678901234567 * ((index % 9) + 1));

function embeddings(count: number): Reply {
  const one = JSON.stringify(numbers);
  const data = Array.from({ length: count }, (_, index) => `{"object":"embedding","index":${index},"embedding":${one}}`);
  return { body: `{"object":"list","data":[${data.join(",")}],"usage":{"prompt_tokens":${count},"total_tokens":${count}}}` };
}

function inputs(count: number): string {
  return JSON.stringify({ model: "m", input: Array.from({ length: count }, (_, index) => `text ${index}`) });
}

describe("embeddings", () => {
  it("of more than 48 MiB are taken: they were paid, and would be as long the next time", async () => {
    const { provider } = await connected(() => embeddings(1_000));
    const attempt = await provider.send(requestOf(inputs(1_000), path), { signal });
    expect(attempt).toMatchObject({ ok: true, response: { usage: { promptTokens: 1_000 } } });
    expect(attempt.ok && attempt.response.body.length / 2 ** 20).toBeGreaterThan(48);
  });

  it.each<[string, unknown, number]>([
    ["texts", ["a", "b", "c"], 2],
    ["lists of tokens", [[1, 2], [3]], 1],
    ["images and texts", [{ text: "a" }, { image: "b" }], 1],
  ])("that are fewer than the inputs are a failure, of what was paid: %s", async (_name, input, count) => {
    const { provider } = await connected(() => embeddings(count));
    const attempt = await provider.send(requestOf(JSON.stringify({ model: "m", input }), path), { signal });
    expect(attempt).toMatchObject({
      ok: false,
      failure: { kind: "invalid_response", retryable: true, message: expect.stringMatching(/\d embeddings came for \d inputs/) },
      usage: { promptTokens: count },
    });
  });

  it.each<[string, unknown, number]>([
    ["one text", "a", 1],
    ["one list of tokens", [1, 2, 3], 1],
    ["two texts", ["a", "b"], 2],
    ["two texts, of which the server made three", ["a", "b"], 3],
    ["no input that is known", undefined, 1],
  ])("that are as many as the inputs are an answer: %s", async (_name, input, count) => {
    const { provider } = await connected(() => embeddings(count));
    const attempt = await provider.send(requestOf(JSON.stringify({ model: "m", input }), path), { signal });
    expect(attempt.ok).toBe(true);
  });
});
