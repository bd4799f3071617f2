import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/model/errors.ts";
import { createHttpProvider, type Provider } from "../../src/providers/providers.ts";
import { providerContract, requestOf } from "../contracts/provider.ts";
import { serve } from "../support/closing.ts";
import { connect, connected } from "../support/connected.ts";
import { chatAnswer, errorAnswer, silence } from "../support/scripted-server.ts";

const { signal } = new AbortController();

function endpointOf(baseUrl: string): string | undefined {
  return createHttpProvider({ name: "a", baseUrl, connections: 1, timeoutMs: 1 }).endpoint(requestOf());
}

describe("HTTP provider", () => {
  providerContract((url) => createHttpProvider({ name: "test", baseUrl: url, connections: 100, timeoutMs: 60_000 }));
});

describe("headers", () => {
  it.each([
    ["bearer", "authorization", "Bearer sk-1234"],
    ["x-api-key", "x-api-key", "sk-1234"],
    ["api-key", "api-key", "sk-1234"],
  ] as const)("sends the key the way %s asks for", async (authorization, header, value) => {
    const { server, provider } = await connected(() => chatAnswer(), { apiKey: "sk-1234", authorization });
    await provider.send(requestOf(), { signal });
    expect(server.ledger[0]?.headers[header]).toBe(value);
  });

  it("sends no authorisation without a key", async () => {
    const { server, provider } = await connected(() => chatAnswer());
    await provider.send(requestOf(), { signal });
    const names = Object.keys(server.ledger[0]?.headers ?? {}).toSorted();
    expect(names).toEqual(["accept", "connection", "content-length", "content-type", "host", "user-agent"]);
  });

  it("sends the protocol's headers with its requests only, and the user's with all; the user's win", async () => {
    const headers = { "X-Title": "mine", "User-Agent": "me", "Anthropic-Version": "2026-10-21" };
    const { server, provider } = await connected(() => chatAnswer(), { headers });
    await provider.send(requestOf("{}", "/v1/messages"), { signal });
    expect(server.ledger[0]?.headers).toMatchObject({ "x-title": "mine", "user-agent": "me", "anthropic-version": "2026-10-21" });
    const plain = await connected(() => chatAnswer());
    await plain.provider.send(requestOf("{}", "/v1/messages"), { signal });
    await plain.provider.send(requestOf(), { signal });
    expect(plain.server.ledger[0]?.headers["anthropic-version"]).toBe("2023-06-01");
    expect(plain.server.ledger[1]?.headers).not.toHaveProperty("anthropic-version");
  });

  it.each(["sk-1\n", "sk-1\r\nx-evil: 1", "sk\t1", " sk-1", "sk-1 ", "schlüssel", "“sk-1”", ""])(
    "refuses the key %j and does not show it",
    (apiKey) => {
      const create = (): Provider =>
        createHttpProvider({ name: "a", baseUrl: "https://h", apiKey, connections: 1, timeoutMs: 1 });
      expect(create).toThrow(ConfigurationError);
      expect(create).not.toThrow(/sk|schl/);
    },
  );

  it.each([
    [{ "bad name": "x" }, /bad name/],
    [{ "x-a": "line\nbreak" }, /x-a/],
    [{ "Content-Length": "5" }, /content-length/],
    [{ Host: "evil" }, /host/],
    [{ "transfer-encoding": "chunked" }, /transfer-encoding/],
  ])("refuses the headers %j", (headers, message) => {
    expect(() => createHttpProvider({ name: "a", baseUrl: "https://h", headers, connections: 1, timeoutMs: 1 })).toThrow(message);
  });
});

describe("where requests go", () => {
  it("goes below the base URL's path and keeps its query", async () => {
    const server = await serve();
    const provider = connect(`${server.url}/openai/deployments/d/?api-version=2024-10-21`);
    await provider.send(requestOf(), { signal });
    expect(server.ledger[0]?.path).toBe("/openai/deployments/d/chat/completions?api-version=2024-10-21");
  });

  it("has the same endpoint for a base URL with and without its slash or version", () => {
    expect(endpointOf("http://localhost:8000")).toBe("http://localhost:8000/v1/chat/completions");
    expect(endpointOf("http://localhost:8000/")).toBe(endpointOf("http://localhost:8000/v1/"));
  });

  it("takes a given identity for the base URL, so that a changing port changes no fingerprint", async () => {
    const { provider } = await connected(() => chatAnswer(), { endpointIdentity: "mock:" });
    expect(provider.endpoint(requestOf())).toBe("mock:/v1/chat/completions");
  });

  it.each([301, 302, 303, 307, 308])("does not follow a %i to another host", async (status) => {
    const other = await serve();
    const { server, provider } = await connected(() => ({ status, headers: { location: `${other.url}/v1/chat/completions` } }));
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "invalid_response", retryable: false, statusCode: status } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain(`127.0.0.1:${other.port}`);
    expect(other.connections).toBe(0);
    expect(server.ledger.length).toBe(1);
  });
});

describe("connections", () => {
  it("opens none before the first request, and no more than it may", async () => {
    const { server, provider } = await connected((call) => ({ ...chatAnswer(), delayMs: call.index % 3 }), { connections: 4 });
    expect(server.connections).toBe(0);
    await Promise.all(Array.from({ length: 40 }, () => provider.send(requestOf(), { signal })));
    expect(server.connections).toBe(4);
    expect(server.peakInFlight).toBeLessThanOrEqual(4);
  });

  it("uses a connection again after errors of the server", async () => {
    const { server, provider } = await connected(() => errorAnswer(500), { connections: 1 });
    for (let sent = 0; sent < 5; sent += 1) await provider.send(requestOf(), { signal });
    expect(server.connections).toBe(1);
  });

  it("does not send a call that ended while it waited for a connection", async () => {
    const { server, provider } = await connected(silence, { connections: 1 });
    const holding = new AbortController();
    const waiting = new AbortController();
    const first = provider.send(requestOf(), { signal: holding.signal });
    await server.until(() => server.inFlight === 1);
    const second = provider.send(requestOf(), { signal: waiting.signal });
    waiting.abort();
    expect(await second).toMatchObject({ failure: { kind: "cancelled" } });
    holding.abort();
    await first;
    const third = new AbortController();
    const last = provider.send(requestOf('"last"'), { signal: third.signal });
    await server.until(() => server.ledger.at(-1)?.body === '"last"');
    third.abort();
    await last;
    expect(server.ledger.length).toBe(2);
  });
});

describe("timeouts and signals", () => {
  it("covers the wait for the first byte and the body", async () => {
    const { provider } = await connected((call) => (call.index === 0 ? silence() : { ...chatAnswer(), fault: stalledBody }), {
      timeoutMs: 60,
    });
    for (let sent = 0; sent < 2; sent += 1) {
      expect(await provider.send(requestOf(), { signal })).toMatchObject({ failure: { kind: "timeout", retryable: true } });
    }
  });

  it("hangs up when time is up, and goes on with the next request", async () => {
    const { server, provider } = await connected((call) => (call.index === 0 ? silence() : chatAnswer()), {
      timeoutMs: 1_000, // the second request has to be answered in it, on a busy machine, too
      connections: 1,
    });
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(/^127\.0\.0\.1:\d+: no complete answer within 1 s$/);
    await server.until(() => server.ledger[0]?.aborted === true);
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: true });
  });

  it("puts one listener on a signal that many calls share, and none once they have ended", async () => {
    const { server, provider } = await connected(async () => {
      await server.until(() => server.ledger.length === 8);
      return chatAnswer();
    });
    const shared = new AbortController();
    const calls = Promise.all(Array.from({ length: 8 }, () => provider.send(requestOf(), { signal: shared.signal })));
    expect(getEventListeners(shared.signal, "abort")).toHaveLength(1);
    await calls;
    expect(getEventListeners(shared.signal, "abort")).toHaveLength(0);
  });
});

describe("secrets", () => {
  const apiKey = 'sk-canary-"quoted"-0123456789';
  const headers = { "x-gateway-token": "gateway-canary-987" };

  it("hides key and credentials that a server sends back, in body, message and request id", async () => {
    const { provider } = await connected(
      (call) => ({
        status: 401,
        headers: { "x-request-id": `id-${String(call.headers["x-gateway-token"])}` },
        body: { error: { message: `Incorrect API key provided: ${apiKey}.`, headers: call.headers } },
      }),
      { apiKey, headers },
    );
    const attempt = await provider.send(requestOf(), { signal });
    expect(JSON.stringify(attempt)).not.toMatch(/canary/);
    expect(attempt).toMatchObject({
      failure: { kind: "authentication", message: "HTTP 401: Incorrect API key provided: [redacted]." },
      response: { requestId: "id-[redacted]" },
    });
    expect(attempt.ok ? "" : JSON.parse(attempt.response?.body ?? "")).toMatchObject({
      error: { headers: { authorization: "Bearer [redacted]", "x-gateway-token": "[redacted]" } },
    });
  });

  it("hides them before it cuts, so that no half of a key is left", async () => {
    const { provider } = await connected(() => ({ status: 500, body: "x".repeat(1990) + apiKey }), { apiKey });
    expect(JSON.stringify(await provider.send(requestOf(), { signal }))).not.toMatch(/sk-c/);
  });

  it("keeps what is left of the body as a string if a secret took tokens with it", async () => {
    const { provider } = await connected(() => ({ status: 500, body: '{"a":"b","c":1}' }), { apiKey: 'b","c":1' });
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt.ok ? "" : attempt.response?.body).toBe(JSON.stringify('{"a":"[redacted]}'));
  });
});

describe("error bodies", () => {
  it("keeps JSON as it is, on one line", async () => {
    const { provider } = await connected(() => ({ status: 400, body: '{\r\n  "error": {"message": "a\\nb", "n": 1.0}\n}\n' }));
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ response: { body: '{    "error": {"message": "a\\nb", "n": 1.0} } ' } });
  });

  it("keeps the first 2,000 characters of anything else as a JSON string", async () => {
    const { provider } = await connected(() => ({ status: 502, body: `<html>\n${"😀".repeat(2000)}` }));
    const attempt = await provider.send(requestOf(), { signal });
    const kept: unknown = JSON.parse(attempt.ok ? "" : (attempt.response?.body ?? ""));
    expect(kept).toBe(`<html>\n${"😀".repeat(996)}…`);
    expect(attempt.ok ? Infinity : attempt.failure.message.length).toBeLessThan(1100);
  });

  it("reports what a failed answer was billed", async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 1 };
    const { provider } = await connected(() => ({ body: { usage, error: { code: 502, message: "broke off" } } }));
    expect(await provider.send(requestOf(), { signal })).toMatchObject({
      ok: false,
      usage: { promptTokens: 9, completionTokens: 1 },
    });
  });
});

const stalledBody = { type: "slow-body", chunkBytes: 1, everyMs: 20 } as const;
