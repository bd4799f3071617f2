import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Attempt } from "../../../src/model/attempt.ts";
import type { HttpProviderOptions } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { connect, connected } from "../../support/connected.ts";
import {
  chatAnswer,
  cutInBody,
  endlessBody,
  errorAnswer,
  rawBytes,
  type Reply,
  slowBody,
} from "../../support/scripted-server.ts";
import { helloChunks } from "../protocols/recorded-streams.ts";
import { chat } from "../protocols/stream-pieces.ts";

const { signal } = new AbortController();
const asked = '{"model":"m","messages":[],"stream":true}';
const helloEvents = chat(helloChunks);
const eventStream = { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "req_9" };

async function ask(reply: Reply, options: Partial<HttpProviderOptions> = {}): Promise<Attempt> {
  const { provider } = await connected(() => reply, options);
  return provider.send(requestOf(asked), { signal });
}

function hello(body: string | Buffer = helloEvents, headers: Record<string, string> = eventStream): Reply {
  return { headers, body };
}

function contentOf(attempt: Attempt): unknown {
  return attempt.ok ? JSON.parse(attempt.response.body).choices[0].message.content : attempt.failure;
}

describe("an answer that streams over HTTP", () => {
  it("is put together, with its request id and status", async () => {
    const attempt = await ask(hello());
    expect(contentOf(attempt)).toBe("Hello");
    expect(attempt).toMatchObject({ response: { statusCode: 200, requestId: "req_9" } });
  });

  it("is put together from single bytes", async () => {
    expect(contentOf(await ask(slowBody(1, 0, hello())))).toBe("Hello");
  });

  const oneFeed = helloEvents.replaceAll("\n\n", "\n");
  it.each([
    ["keep-alives in data", helloEvents.replaceAll("data: {", "data: : keepalive\n\ndata: {")],
    ["pings in words", helloEvents.replaceAll("data: {", "event: ping\ndata: ping\n\ndata: [PING]\n\ndata: {")],
    ["one line feed between events", oneFeed],
    ["one line feed between events and keep-alives", oneFeed.replaceAll("data: {", "data: : hm\ndata: {")],
    ["an answer in one piece", `\n ${JSON.stringify(chatAnswer("Hello").body, null, 1)}`],
  ])("may be written in another dialect: %s", async (_, body) => {
    expect(contentOf(await ask(hello(body)))).toBe("Hello");
    expect(contentOf(await ask(slowBody(7, 0, hello(body))))).toBe("Hello");
  });

  const tooLong = '{"code":400,"message":"too long","type":"exceed_context_size_error"}';
  it.each([
    ["an error: line", `error: ${tooLong}\n\ndata: [DONE]\n\n`],
    ["an event named error", `event: error\ndata: ${tooLong}\n\n`],
    ["bare JSON", `{"error":${tooLong}}`],
    ["bare JSON after events", `${helloEvents.slice(0, helloEvents.indexOf("\n\n") + 2)}{"error":${tooLong}}\n`],
  ])("may report its error in another dialect: %s", async (_, body) => {
    expect(await ask(hello(body))).toMatchObject({ ok: false, failure: { kind: "context_length_exceeded" } });
  });

  it("is no answer where an event of several lines lacks one", async () => {
    const [first = "", second = "", ...others] = oneFeed.split("\n");
    const attempt = await ask(hello([first, second.slice(0, -9), ...others].join("\n")));
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "invalid_response", retryable: true } });
  });

  it.each([
    ["does not say that it is one", {}],
    ["is compressed", { ...eventStream, "content-encoding": "gzip" }],
  ])("is put together even if it %s", async (_, headers: Record<string, string>) => {
    const body = "content-encoding" in headers ? gzipSync(helloEvents) : helloEvents;
    expect(contentOf(await ask(hello(body, headers)))).toBe("Hello");
  });

  it("may come in one piece after all", async () => {
    expect(contentOf(await ask(chatAnswer("whole")))).toBe("whole");
  });

  it.each([
    ["in one piece", errorAnswer(429, { code: "rate_limit_exceeded" }, { "retry-after": "3" })],
    [
      "as an event",
      { status: 429, headers: { ...eventStream, "retry-after": "3" }, body: 'data: {"error":{"code":"slow"}}\n\n' },
    ],
  ])("may be refused %s", async (_, reply) => {
    expect(await ask(reply)).toMatchObject({ ok: false, failure: { kind: "rate_limit", statusCode: 429, retryAfterMs: 3000 } });
  });

  it("hides the key that an error event repeats", async () => {
    const attempt = await ask(hello('data: {"error":{"message":"bad key sk-secret-1"}}\n\n'), { apiKey: "sk-secret-1" });
    expect(JSON.stringify(attempt)).not.toContain("sk-secret-1");
  });

  it("tells limits, as other answers do", async () => {
    const headers = { ...eventStream, "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59" };
    const reports = [{ unit: "requests", limit: 60, remaining: 59 }];
    expect(await ask(hello(helloEvents, headers))).toMatchObject({ ok: true, rateLimits: reports });
    expect(await ask(hello("data: {}\n\n", headers))).toMatchObject({ ok: false, rateLimits: reports });
  });
});

describe("a stream that goes wrong", () => {
  it.each([20, 200, helloEvents.length - 60])("is incomplete when its connection breaks after %i bytes", async (bytes) => {
    const attempt = await ask(cutInBody(bytes, hello()));
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "incomplete_stream", retryable: true, statusCode: 200 } });
  });

  it("is incomplete when it just ends", async () => {
    const attempt = await ask(hello(helloEvents.slice(0, 300)));
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "incomplete_stream", retryable: true } });
  });

  it("is an answer when its connection breaks after its last event", async () => {
    expect(contentOf(await ask(cutInBody(helloEvents.length - 1, hello())))).toBe("Hello");
  });

  it("is an answer when its connection stays open after its last event, and is then hung up on", async () => {
    const response = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n${helloEvents}`;
    const { server, provider } = await connected(() => rawBytes(response, "keep"));
    expect(contentOf(await provider.send(requestOf(asked), { signal }))).toBe("Hello");
    await server.until(() => server.openConnections === 0);
  });

  it("times out when it falls silent, and is hung up on", async () => {
    const response = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n";
    const { server, provider } = await connected(() => rawBytes(response, "keep"), { idleTimeoutMs: 50 });
    const attempt = await provider.send(requestOf(asked), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "timeout", retryable: true } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain("silent for 0.05 s");
    await server.until(() => server.openConnections === 0);
  });

  it("times out all the same when the time for an attempt is up", async () => {
    const attempt = await ask(endlessBody(hello(": nothing\n\n")), { timeoutMs: 100 });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "timeout" } });
  });

  it("is given up when it is longer than any answer may be", async () => {
    const attempt = await ask(endlessBody(hello(`data: ${"x".repeat(1_000_000)}\n`)));
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "invalid_response", retryable: false } });
  });

  it("ends as cancelled when its signal aborts", async () => {
    const { server, provider } = await connected(() => slowBody(1, 1000, hello()));
    const controller = new AbortController();
    const attempt = provider.send(requestOf(asked), { signal: controller.signal });
    await server.until(() => server.inFlight === 1);
    controller.abort();
    expect(await attempt).toMatchObject({ ok: false, failure: { kind: "cancelled" } });
  });
});

describe("a provider that asks for streams", () => {
  const usage = '"stream_options":{"include_usage":true}';

  it.each([
    ["/v1/chat/completions", '{"model":"m"}', `{"stream":true,${usage},"model":"m"}`],
    ["/v1/completions", " { } ", `{"stream":true,${usage} } `],
    ["/v1/responses", '{"model":"m","n":9223372036854775807}', '{"stream":true,"model":"m","n":9223372036854775807}'],
    ["/v1/messages", '{"model":"stream"}', '{"stream":true,"model":"stream"}'],
    ["/v1/chat/completions", '{"stream_options":{}}', '{"stream":true,"stream_options":{}}'],
    ["/v1/chat/completions", '{"stream":true}', '{"stream":true}'],
    ["/v1/chat/completions", '{"stream":false}', '{"stream":false}'],
    ["/v1/embeddings", '{"model":"m"}', '{"model":"m"}'],
  ])("sends to %s of %s: %s", async (path, body, sent) => {
    const { server, provider } = await connected(() => hello(), { stream: true });
    await provider.send(requestOf(body, path), { signal });
    expect(server.ledger[0]?.body).toBe(sent);
  });

  it("does not change what requests are named after", async () => {
    const { provider: plain, server } = await connected(() => hello());
    const streaming = connect(server.url, { stream: true });
    expect(streaming.endpoint(requestOf())).toBe(plain.endpoint(requestOf()));
    expect(streaming.estimate(requestOf())).toEqual(plain.estimate(requestOf()));
  });

  it("tells its chunks as they come, to a listener", async () => {
    const { provider, server } = await connected(() => hello());
    const chunks: unknown[] = [];
    await provider.send(requestOf('{"model":"m"}'), { signal, onEvent: ({ data }) => void chunks.push(data) });
    expect(server.ledger[0]?.json()).toMatchObject({ stream: true });
    expect(chunks).toEqual(helloChunks);
  });
});
