import type { Socket } from "node:net";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { closing, serve } from "../../support/closing.ts";
import { connect, connected } from "../../support/connected.ts";
import {
  chatAnswer,
  closedPortUrl,
  cutAfterHeaders,
  cutBeforeHeaders,
  cutInBody,
  endlessBody,
  errorAnswer,
  rawBytes,
  type RawServer,
  type Reply,
  type ScriptedServer,
  slowBody,
  startRawServer,
  wrongContentLength,
} from "../../support/scripted-server.ts";
import { selfSignedCertificate } from "../self-signed.ts";

const { signal } = new AbortController();
const chatText = JSON.stringify(chatAnswer().body);

function answering(reply: Reply): Promise<{ server: ScriptedServer; provider: Provider }> {
  return connected((call) => (call.index === 0 ? reply : chatAnswer("second")));
}

async function serveRaw(onConnection: (socket: Socket) => void): Promise<RawServer> {
  return closing(await startRawServer(onConnection));
}

function chunked(...chunks: readonly string[]): string {
  const body = chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body}`;
}

describe("faults on the wire", () => {
  it.each([
    ["a reset before headers", cutBeforeHeaders("reset"), "network", true, /connection was reset \(ECONNRESET\)/],
    ["a hang-up before headers", cutBeforeHeaders("close"), "network", true, /closed the connection/],
    ["a cut after headers", cutAfterHeaders(), "network", true, /127\.0\.0\.1:\d+: /],
    ["a cut in mid-body", cutInBody(20), "network", true, /127\.0\.0\.1:\d+: /],
    ["a cut in a chunked body", rawBytes(chunked('{"choices":')), "network", true, /127\.0\.0\.1:\d+: /],
    [
      "a cut in a chunked body of a connection that was to close",
      rawBytes(chunked('{"choices":').replace("\r\n", "\r\nconnection: close\r\n")),
      "network",
      true,
      /broken off/,
    ],
    ["a content-length too long", wrongContentLength(10), "network", true, /127\.0\.0\.1:\d+: /],
    ["a content-length too short", wrongContentLength(-10), "invalid_response", true, /no JSON/],
    ["bytes that are not HTTP", rawBytes("SSH-2.0-OpenSSH_9.6\r\n"), "invalid_response", true, /not HTTP/],
    [
      "headers without end",
      rawBytes(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}`, "keep"),
      "invalid_response",
      false,
      /headers/,
    ],
    [
      "a body cut short where only the end of the connection ends it",
      rawBytes("HTTP/1.0 200 OK\r\n\r\n{"),
      "invalid_response",
      true,
      /no JSON/,
    ],
    [
      "an HTML page",
      { body: "<html><h1>Welcome</h1>", headers: { "content-type": "text/html" } },
      "invalid_response",
      true,
      /HTML page: Welcome/,
    ],
    ["a 204", { status: 204 }, "invalid_response", true, /HTTP 204.*empty/],
    ["an empty 200", {}, "invalid_response", true, /HTTP 200.*empty/],
    ["broken JSON", { body: '{"choices":[' }, "invalid_response", true, /no JSON/],
    ["JSON of another shape", { body: '{"ok":true}' }, "invalid_response", true, /shape/],
    ["a 200 with an error in it", { body: { error: { message: "broke", code: 502 } } }, "server_error", true, /HTTP 200: broke/],
    ["bytes that are not UTF-8", { body: Buffer.from([0x7b, 0xff, 0xfe]) }, "invalid_response", true, /no JSON/],
    [
      "an encoding without a decoder",
      { body: "x", headers: { "content-encoding": "zstd" } },
      "invalid_response",
      false,
      /content-encoding/,
    ],
    [
      "bytes that are not gzip",
      { body: "not gzip", headers: { "content-encoding": "gzip" } },
      "invalid_response",
      true,
      /content-encoding/,
    ],
  ] satisfies [string, Reply, string, boolean, RegExp][])("%s", async (_name, reply, kind, retryable, message) => {
    const { provider } = await answering(reply);
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind, retryable } });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(message);
    expect(await provider.send(requestOf(), { signal }), "and the next one is answered").toMatchObject({ ok: true });
  });

  it("asks whether the server is running where none listens", async () => {
    const attempt = await connect(await closedPortUrl()).send(requestOf(), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "network", retryable: true } });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(
      /^127\.0\.0\.1:\d+: refused the connection: is the server running\? \(ECONNREFUSED\)$/,
    );
  });

  it("gives each of many requests its own failure where no server listens, more of them than connections", async () => {
    const provider = connect(await closedPortUrl(), { connections: 2 });
    const attempts = await Promise.all(Array.from({ length: 20 }, () => provider.send(requestOf(), { signal })));
    expect(attempts.filter((attempt) => !attempt.ok && attempt.failure.kind === "network")).toHaveLength(20);
  });

  it("says so when a name cannot be found", async () => {
    const attempt = await connect("https://no-such-host.invalid/v1").send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable: true } });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(/^no-such-host\.invalid:443: /);
  });

  it("hangs up at once on a server that hangs up at once", async () => {
    const server = await serveRaw((socket) => socket.destroy());
    expect(await connect(server.url).send(requestOf(), { signal })).toMatchObject({
      failure: { kind: "network", retryable: true },
    });
  });

  it("gives up in time on a server that accepts and says nothing", async () => {
    const server = await serveRaw(() => {});
    const attempt = await connect(server.url, { timeoutMs: 60 }).send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "timeout", retryable: true } });
  });

  it("waits for slow answers as long as there is time", async () => {
    const { provider } = await answering(slowBody(40, 2));
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: true, response: { body: chatText } });
  });

  it("takes an answer that only the end of the connection ends", async () => {
    const { provider } = await answering(rawBytes(`HTTP/1.0 200 OK\r\n\r\n${chatText}`));
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: true, response: { body: chatText } });
  });

  it("takes an answer in pieces that cut characters in half, with an early hint before it and a byte order mark", async () => {
    const body = Buffer.from(`\ufeff${JSON.stringify(chatAnswer("😀ü").body)}`);
    const head = `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    const server = await serveRaw((socket) => {
      socket.on("data", () => {});
      socket.write(head);
      let at = 0;
      const timer = setInterval(() => {
        socket.write(body.subarray(at, (at += 7)));
        if (at >= body.length) clearInterval(timer);
      }, 1);
    });
    const attempt = await connect(server.url).send(requestOf(), { signal });
    expect(attempt).toMatchObject({ ok: true, response: { statusCode: 200, body: JSON.stringify(chatAnswer("😀ü").body) } });
  });

  it("understands an error that comes before the request is sent whole", async () => {
    const text = JSON.stringify({ error: { message: "too large" } });
    const server = await serveRaw((socket) => {
      socket.once("data", () =>
        socket.write(`HTTP/1.1 413 Too Large\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`),
      );
    });
    const attempt = await connect(server.url).send(requestOf(JSON.stringify("x".repeat(8_000_000))), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "context_length_exceeded", statusCode: 413 } });
  });
});

describe("compressed answers, though none were asked for", () => {
  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["GZIP", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["gzip, identity", gzipSync],
    ["deflate, gzip", (bytes: Buffer) => gzipSync(deflateRawSync(bytes))],
    ["Identity", Buffer.from],
    ["UTF-8", Buffer.from],
    ["none", Buffer.from],
    ["", Buffer.from],
  ] as const)("%s", async (encoding, compress) => {
    const { server, provider } = await answering({
      headers: { "content-encoding": encoding },
      body: compress(Buffer.from(chatText)),
    });
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: true, response: { body: chatText } });
    expect(server.ledger[0]?.headers).not.toHaveProperty("accept-encoding");
  });

  it("are failures where they are cut, not half an answer", async () => {
    const { provider } = await answering({ headers: { "content-encoding": "gzip" }, body: gzipSync(chatText).subarray(0, 60) });
    expect(await provider.send(requestOf(), { signal })).toMatchObject({
      failure: { kind: "invalid_response", retryable: true },
    });
  });

  it("are understood in errors too", async () => {
    const body = gzipSync(JSON.stringify(errorAnswer(400).body));
    const { provider } = await answering({ status: 400, headers: { "content-encoding": "gzip" }, body });
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ failure: { message: "HTTP 400: error 400" } });
  });
});

describe("answers without end", () => {
  it("are cut off, and the connection with them", async () => {
    const { server, provider } = await answering(endlessBody({ body: "x".repeat(256 * 1024) }));
    const before = process.memoryUsage().rss;
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "invalid_response", retryable: false } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain("longer than 48 MiB (embeddings 256 MiB)");
    await server.until(() => server.ledger[0]?.aborted === true);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024); // the server's buffers are in here too
  });

  it.each([
    ["gzip", (bytes: Buffer) => gzipSync(bytes, { level: 1 })],
    ["br", (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ] as const)("are not unpacked: a %s bomb", async (encoding, compress) => {
    const { provider } = await answering({
      headers: { "content-encoding": encoding },
      body: compress(Buffer.alloc(80 * 1024 * 1024)),
    });
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "invalid_response", retryable: false } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain(
      "decodes to more than 48 MiB (embeddings 256 MiB): ask for less in one line, or to 100 times its length",
    );
  });
});

describe("TLS", () => {
  it("refuses a certificate that no authority vouches for, for good", async () => {
    const server = await serve(() => chatAnswer(), { tls: selfSignedCertificate("127.0.0.1") });
    const attempt = await connect(server.url).send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable: false } });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(/certificate is not trusted.*\((DEPTH_ZERO_)?SELF_SIGNED_CERT\)/);
    expect(server.ledger).toEqual([]);
  });

  it("asks whether http:// was meant when the server speaks no TLS", async () => {
    const { server } = await answering(chatAnswer());
    const attempt = await connect(server.url.replace("http:", "https:")).send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable: false } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain("http://");
  });
});
