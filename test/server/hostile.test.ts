import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ask, open, question, requestBytes, sendBytes, serveLive } from "./live-server.ts";

const json = JSON.stringify(question);
const head = (line: string, ...headers: string[]): string => [line, ...headers, "connection: close", "", ""].join("\r\n");
const post = (...headers: string[]): string =>
  [`POST /v1/chat/completions HTTP/1.1`, ...headers, `content-length: ${json.length}`, "connection: close", "", json].join(
    "\r\n",
  );

/** What must not reach the provider, and the status that says so. */
const refused: Readonly<Record<string, readonly [status: number, request: string]>> = {
  "two hosts": [403, post("host: localhost", "host: evil.example")],
  "a host that hides another": [403, post("host: x/#@localhost")],
  "a name that leads here from outside": [403, post("host: rebound.example")],
  "no host": [400, post()],
  "the absolute form": [400, head("GET http://127.0.0.1/v1/models HTTP/1.1", "host: localhost")],
  "a page of a browser": [403, post("host: localhost", "origin: https://evil.example", "content-type: text/plain")],
  "a page that sends no origin": [403, post("host: localhost", "sec-fetch-site: cross-site")],
  "a page without an origin of its own": [403, post("host: localhost", "origin: null")],
  "a path that climbs": [404, head("GET /v1/../../etc/passwd HTTP/1.1", "host: localhost")],
  "an encoded slash": [404, head("GET /v1%2Fmodels HTTP/1.1", "host: localhost")],
  "a backslash": [400, head("GET /v1\\models HTTP/1.1", "host: localhost")],
  "another method": [405, head("DELETE /v1/chat/completions HTTP/1.1", "host: localhost")],
  "two ways to say how long": [400, post("host: localhost", "transfer-encoding: chunked")],
  "an encoding that is not known": [415, post("host: localhost", "content-encoding: zstd")],
  "an encoding that objects have": [415, post("host: localhost", "content-encoding: constructor")],
  "an encoding that is the root of objects": [415, post("host: localhost", "content-encoding: __proto__")],
  "what claims to be packed, and is not": [400, post("host: localhost", "content-encoding: gzip")],
  "a body that claims too much": [413, head("POST /v1/messages HTTP/1.1", "host: localhost", "content-length: 99999999999")],
  "ten thousand headers": [431, post("host: localhost", ...Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1`))],
  "a length and chunks, with a request hidden behind them": [
    400,
    [
      "POST /v1/chat/completions HTTP/1.1",
      "host: localhost",
      "content-length: 5",
      "transfer-encoding: chunked",
      "",
      `0\r\n\r\n${requestBytes()}`,
    ].join("\r\n"),
  ],
  "no JSON": [400, requestBytes().replace(/\{.*$/s, (body) => "x".repeat(body.length))],
};

describe("the server", () => {
  it.each(Object.entries(refused))("refuses %s, and asks no provider", async (_, [status, request]) => {
    const { upstream, port } = await serveLive();
    const text = await sendBytes(port, request);
    expect(text.split("\r\n", 1)[0]).toContain(` ${status} `);
    expect(upstream.ledger).toEqual([]);
  });

  it.each([
    "//v1//chat//completions",
    "//stats",
    "/%2Fstats",
    "/%73tats",
    "/v1/../stats",
    "/./stats",
    "/stats/",
    "/stats?token=let-me-in",
    "/stats#",
    "/STATS",
    "/v1/models/..%2F..%2Fstats",
    "/v1/models/%2e%2e",
    "/invocations",
    "*",
    "http://localhost/stats",
    "//localhost/health/../stats",
  ])("lets no spelling of an address past the token: %s", async (target) => {
    const { upstream, port } = await serveLive(undefined, { token: "let-me-in" });
    for (const method of ["GET", "POST", "HEAD"])
      expect(await sendBytes(port, head(`${method} ${target} HTTP/1.1`, "host: localhost"))).toMatch(/^HTTP\/1\.1 40[01] /);
    expect(upstream.ledger).toEqual([]);
  });

  it.each(["127.0.0.2", "127.0.0.1:8000", "LOCALHOST", "[::1]:8000"])(
    "answers by the name %s, which is this machine",
    async (name) => {
      const { port } = await serveLive();
      expect(await sendBytes(port, post(`host: ${name}`))).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it("lets go of what wants another protocol", async () => {
    const { upstream, port } = await serveLive();
    const upgrade = head("GET / HTTP/1.1", "host: localhost", "upgrade: websocket").replace("close", "upgrade");
    for (const request of [upgrade, head("CONNECT evil.example:443 HTTP/1.1", "host: localhost")])
      expect(await sendBytes(port, request)).toBe("");
    expect(upstream.ledger).toEqual([]);
  });

  it.each([
    ["a key", '{"__proto__":{"model":"m"}}'],
    ["a depth", `{"model":"m","messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["bytes", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])("takes no harm of %s", async (_, body) => {
    const { upstream, url } = await serveLive();
    const response = await fetch(`${url}/v1/responses`, { method: "POST", body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", message: expect.any(String) } });
    expect(upstream.ledger).toEqual([]);
  });

  it("unpacks no more than it takes", async () => {
    const { upstream, url } = await serveLive();
    const body = gzipSync(Buffer.alloc(80 * 1024 * 1024, " "));
    const headers = { "content-encoding": "gzip" };
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body, headers });
    expect(response.status).toBe(413);
    expect(upstream.ledger).toEqual([]);
  });

  it.each([
    ["headers", "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-slow: "],
    ["a body", requestBytes().slice(0, -5)],
  ])("waits for the end of %s only for a time", async (_, start) => {
    const limits = { headersTimeout: 60, requestTimeout: 60, connectionsCheckingInterval: 20 };
    const { upstream, server, port, url } = await serveLive(undefined, { limits });
    expect(await sendBytes(port, start)).toMatch(/^HTTP\/1\.1 40[08] /);
    await server.idle();
    expect(upstream.ledger).toEqual([]);
    // A machine with much else to do takes more than those 60 ms itself, now and then.
    await expect.poll(async () => (await ask(url)).status).toBe(200);
  });

  it("takes no more connections than it may, and answers on those that it has", async () => {
    const { upstream, port } = await serveLive(undefined, { limits: { maxConnections: 3 } });
    const held = await Promise.all(Array.from({ length: 3 }, () => open(port)));
    for (let more = 0; more < 20; more += 1) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.on("data", () => expect.unreachable("an answer came"));
      await new Promise((resolve) => socket.on("close", resolve));
    }
    expect(upstream.ledger).toEqual([]);
    const [first] = held;
    const answer = once(first ?? new EventEmitter(), "data");
    first?.write(requestBytes());
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of held) socket.destroy();
  });
});
