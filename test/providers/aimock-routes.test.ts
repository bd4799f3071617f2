import { LLMock } from "@copilotkit/aimock";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Attempt } from "../../src/model/attempt.ts";
import { createProvider, presets, type ProviderOptions } from "../../src/providers/providers.ts";
import { requestOf } from "../contracts/provider.ts";
import { questions, Workplace } from "../e2e/cli.ts";
import { closing } from "../support/closing.ts";

/**
 * Every preset at the routes that aimock has for it, with keys checked, in one piece and as streams, and with things going wrong.
 *
 * Not tested here, because aimock and we have no common word for it:
 * - Gemini's own protocol (`/v1beta/models/…:generateContent`) and Ollama's (`/api/chat`, `/api/generate`, `/api/embed`): we ask both by
 *   the OpenAI-compatible paths that they have (`/v1beta/openai/…`, `/v1/…`), which aimock serves with the shapes of OpenAI; so what
 *   Google's errors look like on that path is not checked by it.
 * - Completions: aimock has no `/v1/completions`.
 * - Messages at any preset but `anthropic`: aimock has them at `/v1/messages` alone.
 */
const key = "sk-aimock-0123";
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
const reported = { promptTokens: 11, completionTokens: 7 };
const azureQuery = "?api-version=2024-10-21";
const mock = await LLMock.create({ port: 0, logLevel: "silent", auth: { apiKeys: [key] } });
const { signal } = new AbortController();

const bodies: Readonly<Record<string, object>> = {
  "/v1/chat/completions": { model: "model-x", messages: [{ role: "user", content: "hello" }] },
  "/v1/responses": { model: "model-x", input: "hello" },
  "/v1/embeddings": { model: "model-x", input: "hello" },
  "/v1/messages": { model: "model-x", max_tokens: 50, messages: [{ role: "user", content: "hello" }] },
};

interface Route {
  readonly preset: string;
  readonly baseUrl: string;
  readonly path: string;
  /** Where it has to arrive. */
  readonly at: string;
}

/** Every preset below its own path, and Azure at a dated address, too. */
const routes: readonly Route[] = [
  ...Object.entries(presets).flatMap(([preset, { baseUrl, pathOfBareOrigin = "", ownPath }]) => {
    const base = baseUrl === undefined ? pathOfBareOrigin : new URL(baseUrl).pathname.replace(/\/$/, "");
    const paths = ownPath === undefined ? ["/v1/chat/completions", "/v1/responses", "/v1/embeddings"] : [ownPath];
    return paths.map((path) => ({ preset, baseUrl: mock.url + base, path, at: base + (base === "" ? path : path.slice(3)) }));
  }),
  ...["/chat/completions", "/embeddings"].map((path) => ({
    preset: "azure",
    baseUrl: `${mock.url}/openai/deployments/model-x${azureQuery}`,
    path: `/v1${path}`,
    at: `/openai/deployments/model-x${path}${azureQuery}`,
  })),
  {
    preset: "azure",
    baseUrl: `${mock.url}/openai/deployments/model-x${azureQuery}`,
    path: "/v1/responses",
    at: `/openai/responses${azureQuery}`,
  },
];
/** One of each preset. */
const firstRoutes = routes.filter(({ preset }, index) => routes.findIndex((route) => route.preset === preset) === index);
const streaming = routes.filter(({ path }) => path !== "/v1/embeddings");

beforeEach(() => {
  mock.onMessage("hello", { content: "Hi there, 日本 😀!", usage }, { chunkSize: 2 });
  mock.onEmbedding("hello", { embedding: [0.25, -0.5] });
});

afterEach(() => {
  mock.clearFixtures();
  mock.clearRequests();
  mock.clearChaos();
});

afterAll(() => mock.stop());

describe("answers at the routes of a preset", () => {
  it.each(routes)("$preset asks $at and reads the answer and its usage", async (route) => {
    const attempt = await ask(route);
    expect(attempt).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(attempt.ok && attempt.response.body).toContain(route.path === "/v1/embeddings" ? "[0.25,-0.5]" : "Hi there, 日本 😀!");
    expect(attempt.ok && attempt.response.usage).toMatchObject(route.path === "/v1/embeddings" ? {} : reported);
    expect(mock.getLastRequest()).toMatchObject({ method: "POST", path: route.at, body: { model: "model-x" } });
  });

  it.each(streaming)("$preset reads streams of $at as the same answer", async (route) => {
    const call = { id: "call_1", name: "weather", arguments: '{"city":"Rome","days":3}' };
    mock.clearFixtures();
    mock.onMessage("hello", { content: "Let me look.", toolCalls: [call, { ...call, id: "call_2" }], usage }, { chunkSize: 3 });
    const [plain, streamed] = [await ask(route), await ask(route, { stream: true })];
    expect(comparable(streamed)).toEqual(comparable(plain));
    expect(streamed).toMatchObject({ ok: true, response: { usage: reported } });
    expect(mock.getRequests().map(({ body }) => body?.["stream"] ?? false)).toEqual([false, true]);
  });

  it.each(firstRoutes)("$preset is refused at $at without its key", async (route) => {
    const attempt = await ask(route, { apiKey: "sk-wrong-0123" });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "authentication", retryable: false, statusCode: 401 } });
    expect(JSON.stringify(attempt)).not.toContain("sk-wrong");
  });
});

describe("chaos", () => {
  const faults = [
    ["dropRate", "server_error", 500],
    ["malformedRate", "invalid_response", 200],
    ["disconnectRate", "network", undefined],
    ["rateLimitRate", "rate_limit", 429],
  ] as const;
  const oneOfEach = routes.filter(({ preset }) =>
    ["openai", "anthropic", "azure", "openrouter", "gemini", "ollama"].includes(preset),
  );

  describe.each(oneOfEach)("at $at ($preset)", (route) => {
    it.each(faults)("%s is %s, to be asked again, whether in one piece or as a stream", async (rate, kind, statusCode) => {
      mock.setChaos({ [rate]: 1 });
      for (const stream of [false, true]) {
        const attempt = await ask(route, { stream });
        expect(attempt, `stream: ${stream}`).toMatchObject({ ok: false, failure: { kind, retryable: true } });
        expect(attempt.ok || attempt.failure.statusCode).toBe(statusCode);
        expect(attempt.ok || attempt.failure.retryAfterMs).toBe(statusCode === 429 ? 1000 : undefined);
      }
    });
  });

  it.each(oneOfEach.filter((route) => streaming.includes(route)))(
    "$preset takes no stream of $at for whole that is cut",
    async (route) => {
      mock.clearFixtures();
      mock.onMessage("hello", { content: "Hi there, this is long!", usage }, { chunkSize: 2, truncateAfterChunks: 4 });
      const attempt = await ask(route, { stream: true });
      expect(attempt).toMatchObject({ ok: false, failure: { retryable: true } });
      expect(["network", "incomplete_stream"]).toContain(attempt.ok ? "" : attempt.failure.kind); // it cuts before it flushes
    },
  );

  it("that cuts connections costs attempts and no line of a run", async () => {
    const count = 24;
    mock.onMessage(/^Question/, { content: "Fine.", usage });
    mock.setChaos({ dropRate: 0.25, disconnectRate: 0.2 }); // what is malformed twice alike is final
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = key;
    user.write("in.jsonl", questions(count));
    const retries = ["--max-retries", "40", "--retry-delay", "0.01", "--max-retry-delay", "0.02"];
    const { code, stderr } = await user.runHere([
      "run",
      "in.jsonl",
      "--base-url",
      `${mock.url}/v1`,
      "-o",
      "out.jsonl",
      "-c",
      "8",
      ...retries,
    ]);
    expect(code, stderr).toBe(0);
    expect(user.lines("out.jsonl").map(({ custom_id: id }) => id)).toEqual(questions(count).map((_, index) => `q-${index + 1}`));
    expect(JSON.stringify(user.lines("out.jsonl"))).not.toContain('"response":null');
    expect(mock.getRequests().length).toBeGreaterThan(count);
  });
});

describe("refusals", () => {
  it.each([
    ["openai", "/v1", 429, { code: "insufficient_quota", type: "insufficient_quota" }, "insufficient_quota", false],
    ["openai", "/v1", 429, { code: "rate_limit_exceeded", type: "tokens" }, "rate_limit", true],
    ["openai", "/v1", 400, { code: "context_length_exceeded", type: "invalid_request_error" }, "context_length_exceeded", false],
    ["openai", "/v1", 404, { code: "model_not_found", type: "invalid_request_error" }, "model_not_found", false],
    ["azure", "/openai/v1", 400, { code: "content_filter" }, "content_filter", false],
    ["openrouter", "/api/v1", 402, {}, "insufficient_quota", false],
    ["openrouter", "/api/v1", 502, {}, "server_error", true],
    ["openrouter", "/api/v1", 529, {}, "overloaded", true],
    ["gemini", "/v1beta/openai", 503, { type: "UNAVAILABLE" }, "overloaded", true],
    ["ollama", "/v1", 404, { type: "not_found_error" }, "not_found", false],
  ])("of %s at %s with %i %j are %s", async (preset, base, status, error, kind, retryable) => {
    mock.nextRequestError(status, { message: "no", ...error });
    const route = { preset, baseUrl: mock.url + base, path: "/v1/chat/completions", at: "" };
    expect(await ask(route)).toMatchObject({ ok: false, failure: { kind, retryable, statusCode: status } });
  });

  it.each([
    [429, "rate_limit_error", "rate_limit", true],
    [529, "overloaded_error", "overloaded", true],
    [400, "invalid_request_error", "invalid_request", false],
    [403, "permission_error", "permission", false],
    [413, "request_too_large", "context_length_exceeded", false],
  ])("of Anthropic with %i %s are %s", async (status, type, kind, retryable) => {
    const route = { preset: "anthropic", baseUrl: mock.url, path: "/v1/messages", at: "" };
    for (const stream of [false, true]) {
      mock.nextRequestError(status, { message: "no", type });
      expect(await ask(route, { stream })).toMatchObject({ ok: false, failure: { kind, retryable, statusCode: status } });
    }
  });

  it("tell the limits that aimock has", async () => {
    mock.nextRequestError(429, { message: "slow down" });
    const route = { preset: "openai", baseUrl: `${mock.url}/v1`, path: "/v1/chat/completions", at: "" };
    expect(await ask(route)).toMatchObject({
      failure: { kind: "rate_limit", retryAfterMs: 1000 },
      rateLimits: [
        { unit: "requests", limit: 60, remaining: 0 },
        { unit: "tokens", limit: 150_000, remaining: 0 },
      ],
    });
  });
});

describe("OpenRouter's own ways", () => {
  const route = { preset: "openrouter", baseUrl: `${mock.url}/api/v1`, path: "/v1/chat/completions", at: "" };

  it.each([false, true])("an answer keeps its cost and who gave it, past comments (stream: %s)", async (stream) => {
    const details = { prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 2 } };
    mock.clearFixtures();
    mock.onMessage(
      "hello",
      {
        content: "Hi there!",
        usage: { ...usage, ...details, cost: 0.000_95 },
        provider: "Azure",
        nativeFinishReason: "completed",
      },
      { openRouterProcessing: true, chunkSize: 2 },
    );
    const attempt = await ask(route, { stream });
    expect(attempt.ok && JSON.parse(attempt.response.body)).toMatchObject({
      provider: "Azure",
      choices: [{ message: { content: "Hi there!" }, native_finish_reason: "completed" }],
      usage: { cost: 0.000_95, prompt_tokens_details: { cached_tokens: 4 } },
    });
    expect(attempt).toMatchObject({
      response: { usage: { ...reported, cachedTokens: 4, cacheWriteTokens: 0, reasoningTokens: 2 } },
    });
  });

  it("a moderated request is content, not a key without permission", async () => {
    const metadata = { reasons: ["violence"], flagged_input: "hello", provider_name: "OpenAI", model_slug: "model-x" };
    mock.clearFixtures();
    mock.onMessage("hello", { error: { message: "flagged", metadata }, status: 403 });
    expect(await ask(route)).toMatchObject({ ok: false, failure: { kind: "content_filter", retryable: false, statusCode: 403 } });
  });
});

function ask({ preset, baseUrl, path }: Route, options: ProviderOptions = {}): Promise<Attempt> {
  const provider = closing(createProvider(preset, { apiKey: key, baseUrl, ...options }));
  return provider.send(requestOf(JSON.stringify(bodies[path]), path), { signal });
}

/** The body without what is new in each answer, or left out of streams where it is null. */
function comparable(attempt: Attempt): unknown {
  if (!attempt.ok) return attempt;
  const text = JSON.stringify(JSON.parse(attempt.response.body), (name, value: unknown) =>
    value === null || ["created", "created_at", "completed_at"].includes(name) ? undefined : value,
  );
  return JSON.parse(text.replaceAll(/"(chatcmpl|gen|resp|msg|fc)[-_][\w-]+"/g, '"an id"'));
}
