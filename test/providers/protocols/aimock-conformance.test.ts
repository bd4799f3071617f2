import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Attempt } from "../../../src/model/attempt.ts";
import { createHttpProvider, type Provider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";

/** Against a server that someone else wrote, so that we do not only agree with ourselves. Presets and chaos: `aimock-routes.test.ts`. */
describe("answers of aimock", () => {
  const mock = new LLMock({ port: 0, logLevel: "silent" });
  const { signal } = new AbortController();
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
  let provider: Provider;

  const bodies: Readonly<Record<string, unknown>> = {
    "/v1/chat/completions": { model: "gpt-x", messages: [{ role: "user", content: "hello" }] },
    "/v1/responses": { model: "gpt-x", input: "hello" },
    "/v1/messages": { model: "claude-x", max_tokens: 50, messages: [{ role: "user", content: "hello" }] },
    "/v1/embeddings": { model: "text-embedding-x", input: "hello" },
  };
  const paths = Object.keys(bodies);

  beforeAll(async () => {
    await mock.start();
    provider = createHttpProvider({
      name: "aimock",
      baseUrl: mock.url,
      apiKey: "sk-aimock-1",
      connections: 4,
      timeoutMs: 20_000,
    });
  });

  beforeEach(() => {
    mock.clearFixtures();
    mock.clearRequests();
    mock.onMessage("hello", { content: "Hi there!", usage });
    mock.onEmbedding("hello", { embedding: [0.25, -0.5] });
  });

  afterAll(async () => {
    await provider.close();
    await mock.stop();
  });

  it.each(paths)("to %s is an answer", async (path) => {
    const attempt = await provider.send(requestOf(JSON.stringify(bodies[path]), path), { signal });
    expect(attempt).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(attempt.ok ? attempt.response.requestId : "").not.toBe("");
  });

  it.each(["/v1/chat/completions", "/v1/responses", "/v1/messages"])("to %s reports its usage", async (path) => {
    const attempt = await provider.send(requestOf(JSON.stringify(bodies[path]), path), { signal });
    expect(attempt).toMatchObject({ ok: true, response: { usage: { promptTokens: 11, completionTokens: 7 } } });
    expect(attempt.ok ? attempt.response.body : "").toContain("Hi there!");
  });

  it.each(paths)("to %s is a rate limit when it is one", async (path) => {
    mock.nextRequestError(429, { message: "slow down", type: "rate_limit_error", code: "rate_limit_exceeded" });
    const attempt = await provider.send(requestOf(JSON.stringify(bodies[path]), path), { signal });
    expect(attempt).toMatchObject({
      ok: false,
      failure: { kind: "rate_limit", retryable: true, statusCode: 429, retryAfterMs: 1000 },
    });
    expect(attempt.ok ? "" : attempt.failure.message).toContain("slow down");
  });

  it.each([
    [401, "authentication", false],
    [404, "not_found", false],
    [500, "server_error", true],
    [529, "overloaded", true],
  ])("with status %i is %s", async (status, kind, retryable) => {
    mock.nextRequestError(status, { message: "no" });
    const attempt = await provider.send(requestOf(JSON.stringify(bodies["/v1/chat/completions"])), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind, retryable } });
  });

  it.each([
    ["malformed", "invalid_response"],
    ["disconnect", "network"],
    ["drop", "server_error"],
  ])("that are broken on purpose (%s) are failures to ask again after", async (chaos, kind) => {
    const headers = { [`x-aimock-chaos-${chaos}`]: "1" };
    const broken = createHttpProvider({ name: "chaos", baseUrl: mock.url, headers, connections: 1, timeoutMs: 20_000 });
    const attempt = await broken.send(requestOf(JSON.stringify(bodies["/v1/chat/completions"])), { signal });
    await broken.close();
    expect(attempt).toMatchObject({ ok: false, failure: { kind, retryable: true } });
  });

  describe("that stream", () => {
    const streaming = ["/v1/chat/completions", "/v1/responses", "/v1/messages"];
    const call = { id: "call_1", name: "weather", arguments: '{"city":"Rome","days":3}' };
    let streams: Provider;

    beforeAll(() => {
      const options = { baseUrl: mock.url, apiKey: "sk-aimock-1", connections: 4, timeoutMs: 20_000 };
      streams = createHttpProvider({ name: "aimock", ...options, stream: true });
    });

    afterAll(() => streams.close());

    it.each(streaming)("to %s are those in one piece, usage included", async (path) => {
      const request = requestOf(JSON.stringify(bodies[path]), path);
      const [plain, streamed] = [await provider.send(request, { signal }), await streams.send(request, { signal })];
      expect(comparable(streamed)).toEqual(comparable(plain));
      expect(streamed).toMatchObject({ ok: true, response: { usage: { promptTokens: 11, completionTokens: 7 } } });
      expect(mock.getRequests().map(({ body }) => body?.["stream"] ?? false)).toEqual([false, true]);
    });

    it.each(streaming)("to %s are those in one piece, tool calls included", async (path) => {
      mock.clearFixtures();
      mock.onMessage("hello", { content: "Let me look.", toolCalls: [call, { ...call, id: "call_2" }], usage }, { chunkSize: 3 });
      const request = requestOf(JSON.stringify(bodies[path]), path);
      const [plain, streamed] = [await provider.send(request, { signal }), await streams.send(request, { signal })];
      expect(comparable(streamed)).toEqual(comparable(plain));
      expect(JSON.stringify(comparable(streamed))).toContain("Rome");
    });

    it.each(streaming)("to %s are incomplete wherever they are cut", async (path) => {
      for (let chunks = 1; chunks <= 5; chunks += 1) {
        mock.clearFixtures();
        mock.onMessage("hello", { content: "Hi there, this is long!", usage }, { chunkSize: 2, truncateAfterChunks: chunks });
        const attempt = await streams.send(requestOf(JSON.stringify(bodies[path]), path), { signal });
        expect(attempt, `${chunks} chunks`).toMatchObject({ ok: false, failure: { retryable: true } });
        expect(["network", "incomplete_stream"]).toContain(attempt.ok ? "" : attempt.failure.kind); // it cuts before it flushes
      }
    });
  });
});

/** The body without what is new in each answer, or left out of streams where it is null. */
function comparable(attempt: Attempt): unknown {
  if (!attempt.ok) return attempt;
  const text = JSON.stringify(JSON.parse(attempt.response.body), (key, value: unknown) =>
    ["created", "created_at", "completed_at", "system_fingerprint", "refusal"].includes(key) ? undefined : value,
  );
  return JSON.parse(text.replaceAll(/"(chatcmpl|resp|msg|fc)[-_][\w-]+"/g, '"an id"'));
}
