import { Anthropic } from "@anthropic-ai/sdk";
import { OpenAI } from "openai";
import { afterAll, describe, expect, it } from "vitest";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { type Reply, startScriptedServer } from "../../support/scripted-server.ts";

/** Whether the vendors' own clients ask again, which go by status and headers alone, and whether we say that one can. */
let reply: Reply = {};
const server = await startScriptedServer(() => reply);
const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 1 });
const anthropic = new Anthropic({ baseURL: server.url, apiKey: "none", maxRetries: 1 });
const provider = createHttpProvider({ name: "test", baseUrl: server.url });
const { signal } = new AbortController();
const atOnce = { "retry-after-ms": "1" };

afterAll(async () => {
  await provider.close();
  await server.close();
});

describe.each<[path: string, ask: () => Promise<unknown>]>([
  ["/v1/chat/completions", () => openai.chat.completions.create({ model: "m", messages: [] })],
  ["/v1/messages", () => anthropic.messages.create({ model: "m", max_tokens: 1, messages: [] })],
])("%s: the client and we agree", (path, ask) => {
  it.each([
    [400, "invalid_request"],
    [401, "authentication"],
    [403, "permission"],
    [404, "not_found"],
    [408, "timeout"],
    [409, "server_error"],
    [413, "context_length_exceeded"],
    [422, "invalid_request"],
    [429, "rate_limit"],
    [500, "server_error"],
    [502, "server_error"],
    [503, "overloaded"], // with a time to wait
    [504, "server_error"],
    [529, "overloaded"],
  ])("on whether to ask again after %i, which is %s", async (status, kind) => {
    reply = { status, headers: atOnce, body: { error: { message: "no" } } };
    const theirs = await refusalOf(ask);
    expect(theirs.error).toMatchObject({ status });
    const failure = await ourFailure(path);
    expect(failure).toMatchObject({ kind, statusCode: status, retryable: theirs.asksAgain });
    expect(failure.retryAfterMs).toBe(theirs.asksAgain ? 1 : undefined);
  });

  it.each([
    [500, "false"],
    [429, "false"],
    [400, "true"],
    [404, "true"],
  ])("that %i with x-should-retry: %s is what the header says", async (status, shouldRetry) => {
    reply = { status, headers: { ...atOnce, "x-should-retry": shouldRetry }, body: { error: { message: "no" } } };
    const { asksAgain } = await refusalOf(ask);
    expect(asksAgain).toBe(shouldRetry === "true");
    expect(await ourFailure(path)).toMatchObject({ retryable: asksAgain });
  });
});

describe("what differs on purpose", () => {
  it.each<[string, object]>([
    [
      "insufficient_quota",
      { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" },
    ],
    [
      "insufficient_quota",
      { message: "Spent", type: "rate_limit_error", details: { error_code: "enforced_spend_limit_reached" } },
    ],
    [
      "context_length_exceeded",
      { message: "Request too large for gpt-x: Limit 10000, Requested 12000", type: "tokens", code: "rate_limit_exceeded" },
    ],
  ])("is that a 429 which no wait can help, %s, is final; the client asks again", async (kind, error) => {
    reply = { status: 429, headers: atOnce, body: { error } };
    expect((await refusalOf(() => openai.chat.completions.create({ model: "m", messages: [] }))).asksAgain).toBe(true);
    expect(await ourFailure("/v1/chat/completions")).toMatchObject({ kind, retryable: false });
  });

  it("is that an error in the body of a 200 is one, as OpenRouter sends it; the client takes it for an answer", async () => {
    reply = { body: { error: { code: 502, message: "Provider returned error", metadata: { raw: "it broke" } } } };
    expect(await openai.chat.completions.create({ model: "m", messages: [] })).toHaveProperty("error");
    expect(await ourFailure("/v1/chat/completions")).toMatchObject({ kind: "server_error", retryable: true, statusCode: 200 });
  });
});

async function refusalOf(ask: () => Promise<unknown>): Promise<{ readonly error: unknown; readonly asksAgain: boolean }> {
  const before = server.ledger.length;
  const error = await ask().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, asksAgain: server.ledger.length - before === 2 };
}

async function ourFailure(path: string): Promise<{ readonly kind: string; readonly retryAfterMs?: number }> {
  const attempt = await provider.send(requestOf("{}", path), { signal });
  if (attempt.ok) throw new Error(`an answer: ${attempt.response.body}`);
  return attempt.failure;
}
