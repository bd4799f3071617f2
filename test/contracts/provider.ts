import { expect, it } from "vitest";
import type { BatchRequest } from "../../src/model/request.ts";
import type { Provider } from "../../src/providers/providers.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, silence, type Script, type ScriptedServer } from "../support/scripted-server.ts";

/**
 * What every provider keeps to. Call it inside a `describe`.
 *
 * @param connect Makes a provider of the server at a URL.
 * @param atOnce How many requests "many" are.
 */
export function providerContract(connect: (url: string) => Provider, atOnce = 100): void {
  const { signal } = new AbortController();

  async function start(script: Script): Promise<{ server: ScriptedServer; provider: Provider }> {
    const server = await serve(script);
    return { server, provider: closing(connect(server.url)) };
  }

  it("sends the body byte for byte", async () => {
    const { server, provider } = await start(() => chatAnswer());
    const body = '{ "model":"m","seed":9223372036854775807,"x":1.0,"x":1e2,"messages":[],"emoji":"\\ud83d\\ude00 😀 ü"}';
    await provider.send(requestOf(body), { signal });
    expect(server.ledger[0]).toMatchObject({ method: "POST", body });
    expect(server.ledger[0]?.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
    });
  });

  it("answers with the body as received, line breaks aside", async () => {
    const text =
      '{"choices": [{"big": 9223372036854775807,\r\n "s": "a\\nb"}],\n"usage": {"prompt_tokens": 3, "completion_tokens": 1.0}}\n';
    const { provider } = await start(() => ({ status: 201, headers: { "x-request-id": "req_42" }, body: text }));
    expect(await provider.send(requestOf(), { signal })).toEqual({
      ok: true,
      response: {
        statusCode: 201,
        requestId: "req_42",
        body: text.replaceAll(/[\r\n]/g, " "),
        usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
      },
    });
  });

  it("makes a value of an error, with what the server sent", async () => {
    const reply = errorAnswer(
      429,
      { message: "slow", code: "rate_limit_exceeded" },
      { "retry-after": "2", "request-id": "req_7" },
    );
    const { provider } = await start(() => reply);
    expect(await provider.send(requestOf(), { signal })).toEqual({
      ok: false,
      failure: { kind: "rate_limit", message: "HTTP 429: slow", retryable: true, statusCode: 429, retryAfterMs: 2000 },
      response: { statusCode: 429, requestId: "req_7", body: JSON.stringify(reply.body) },
    });
  });

  it("asks once, whatever comes back", async () => {
    const { server, provider } = await start(() => errorAnswer(503, {}, { "retry-after": "0" }));
    await provider.send(requestOf(), { signal });
    expect(server.ledger.length).toBe(1);
  });

  it("ends as cancelled when its signal aborts, and hangs up", async () => {
    const { server, provider } = await start(silence);
    const controller = new AbortController();
    const sent = provider.send(requestOf(), { signal: controller.signal });
    await server.until(() => server.inFlight === 1);
    controller.abort();
    expect(await sent).toMatchObject({ ok: false, failure: { kind: "cancelled", retryable: false } });
    await server.until(() => server.ledger[0]?.aborted === true);
  });

  it("sends nothing when its signal has aborted already", async () => {
    const { server, provider } = await start(() => chatAnswer());
    expect(await provider.send(requestOf(), { signal: AbortSignal.abort() })).toMatchObject({ failure: { kind: "cancelled" } });
    await provider.send(requestOf(), { signal });
    expect(server.ledger.length).toBe(1);
  });

  it("cancels the calls of one signal and leaves those of another", async () => {
    const { server, provider } = await start(async (call) => {
      await server.until(() => server.ledger[0]?.aborted === true);
      return chatAnswer(call.body);
    });
    const controller = new AbortController();
    const first = provider.send(requestOf('"first"'), { signal: controller.signal });
    await server.until(() => server.inFlight === 1);
    const second = provider.send(requestOf('"second"'), { signal });
    await server.until(() => server.inFlight === 2);
    controller.abort();
    expect(await first).toMatchObject({ failure: { kind: "cancelled" } });
    expect(await second).toMatchObject({ ok: true });
  });

  it("gives each request its own answer when many are under way", async () => {
    const { provider } = await start((call) => ({ ...chatAnswer(call.body), delayMs: (call.index * 7) % 13 }));
    const bodies = Array.from({ length: atOnce }, (_, index) => `"request ${index}"`);
    const attempts = await Promise.all(bodies.map((body) => provider.send(requestOf(body), { signal })));
    expect(attempts.map((attempt) => (attempt.ok ? contentOf(attempt.response.body) : attempt.failure))).toEqual(bodies);
  });

  it("refuses a path that it cannot ask, and says so beforehand", async () => {
    const { server, provider } = await start(() => chatAnswer());
    const request = { ...requestOf(), path: "/v1/images" };
    const asksAny = provider.endpoint(request)?.endsWith("/images") ?? false;
    const attempt = await provider.send(request, { signal });
    expect(attempt).toMatchObject(asksAny ? { ok: true } : { failure: { kind: "invalid_request", retryable: false } });
    expect(server.ledger.length).toBe(asksAny ? 1 : 0);
  });

  it("names the endpoint by path, the same in every run", async () => {
    const { server, provider } = await start(() => chatAnswer());
    const endpoint = provider.endpoint(requestOf());
    expect(endpoint).toMatch(/\/v1\w*\/(?:openai\/)?chat\/completions$/);
    expect(connect(server.url).endpoint(requestOf('"other"'))).toBe(endpoint);
    expect(provider.endpoint({ ...requestOf(), path: "/v1/embeddings" })).not.toBe(endpoint);
  });

  it("does not reject when it was closed, before or during a call", async () => {
    const { server, provider } = await start(silence);
    const during = provider.send(requestOf(), { signal });
    await server.until(() => server.inFlight === 1);
    await provider.close();
    await provider.close();
    expect(await during).toMatchObject({ ok: false, failure: { retryable: false } });
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: false, failure: { retryable: false } });
  });
}

export function requestOf(body = '{"model":"m","messages":[]}', path = "/v1/chat/completions"): BatchRequest {
  return { kind: "request", lineNumber: 1, customId: "a", path, model: "m", body };
}

function contentOf(body: string): unknown {
  return JSON.parse(body).choices[0].message.content;
}
