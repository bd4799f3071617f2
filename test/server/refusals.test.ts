import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createProvider, type Observer, RequestManager } from "../../src/index.ts";
import { createServer } from "../../src/server/server.ts";
import { serve } from "../support/closing.ts";
import { ask, open, question, requestBytes, serveLive } from "./live-server.ts";

const page = "https://app.example.com";

it("what cannot be sent is in the statistics, the log, and what was refused", async () => {
  const events: string[] = [];
  const observe: Observer = (event) => void events.push(event.type);
  const provider = createProvider("openai", { apiKey: "sk-key-123456" }); // has no /v1/messages
  const { manager, url } = await serveLive(undefined, { options: { provider, observers: [observe] } });
  const response = await fetch(`${url}/v1/messages`, { method: "POST", body: JSON.stringify({ ...question, max_tokens: 5 }) });
  expect(response.status).toBe(400);
  expect(manager.stats.toJSON()).toMatchObject({ requests_failed: 1, failures: { invalid_request: 1 } });
  expect(events).toEqual(["request-start", "request-end"]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('llmbatch_refused_total{reason="endpoint_not_supported"} 1');
});

it("more requests than ten, one behind the other on a connection, are no leak", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  const { server, port, upstream } = await serveLive();
  const socket = await open(port);
  socket.resume().write(requestBytes(question, { connection: "keep-alive" }).repeat(15));
  await upstream.until(() => upstream.ledger.length === 15);
  await server.idle();
  socket.destroy();
  await new Promise(setImmediate);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

describe("pages of browsers", () => {
  it("are told that answers differ by page, always", async () => {
    const { url } = await serveLive(undefined, { allowedOrigins: [page] });
    for (const origin of [undefined, page, "https://evil.example"]) {
      const response = await fetch(`${url}/health`, { headers: origin === undefined ? {} : { origin } });
      expect(response.headers.get("vary")).toBe("Origin");
      expect(response.headers.get("access-control-allow-origin")).toBe(origin === page ? page : null);
    }
    const plain = await serveLive();
    expect((await fetch(`${plain.url}/health`)).headers.get("vary")).toBeNull();
  });

  it("get the id of their request, with preflights and metrics as well", async () => {
    const { url } = await serveLive(undefined, { allowedOrigins: [page] });
    const preflight = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS", headers: { origin: page } });
    const metrics = await fetch(`${url}/metrics`);
    for (const { headers } of [preflight, metrics]) expect(headers.get("x-request-id")).toMatch(/^req_\w{24}$/);
    expect([preflight.status, metrics.headers.get("content-type")]).toEqual([204, "text/plain; version=0.0.4; charset=utf-8"]);
  });
});

it.each([
  ['{"model":"m"', /the body ends where/],
  ['{"model":"m"} x', /the end of the body/],
  ["\0\0", /U\+0000$/],
])("a client is not told of lines: %j", async (body, message) => {
  const { url } = await serveLive();
  const { error } = Object(await (await ask(url, body)).json());
  expect(error.message).toMatch(message);
  expect(error.message).not.toMatch(/\bline/);
});

it("a body that unpacks to a hundred times its size is refused by its first megabytes", async () => {
  const { url, upstream } = await serveLive();
  const bomb = gzipSync(JSON.stringify({ ...question, user: "x".repeat(30_000_000) }));
  const response = await ask(url, undefined, { body: bomb, headers: { "content-encoding": "gzip" } });
  expect([response.status, upstream.ledger.length]).toEqual([413, 0]);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/a hundred times its size/) } });
});

describe("counting tokens", () => {
  const path = "/v1/messages/count_tokens";
  const body = JSON.stringify(question);

  it("goes to providers of Anthropic's API, and is never a stream", async () => {
    const upstream = await serve(() => ({ body: { input_tokens: 14 } }));
    const provider = createProvider("anthropic", { baseUrl: upstream.url, apiKey: "sk-ant-123456" });
    const { manager, url } = await serveLive(undefined, { options: { provider } });
    const response = await fetch(`${url}${path}`, { method: "POST", body: body.replace("{", '{"stream":true,') });
    expect(await response.json()).toEqual({ input_tokens: 14 });
    expect(upstream.ledger.map((call) => [call.path, call.headers["anthropic-version"]])).toEqual([[path, "2023-06-01"]]);
    expect(manager.stats.totalTokens).toBe(0);
  });

  it.each(["openai", "a server that knows no such path"])("is 404 in Anthropic's shape at %s", async (name) => {
    const upstream = await serve(() => ({ body: { detail: "Not Found" }, status: 404 }));
    const provider = createProvider("openai", name === "openai" ? { apiKey: "sk-key-123456" } : { baseUrl: upstream.url });
    const { url } = await serveLive(undefined, { options: { provider } });
    const response = await fetch(`${url}${path}`, { method: "POST", body });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: "error", error: { type: "not_found_error" } });
  });
});

describe("createServer", () => {
  const manager = new RequestManager({ provider: createProvider("openai", { apiKey: "sk-key-123456" }) });

  it.each<[object, RegExp]>([
    [{ maxQueueWait: 5 }, /maxQueueWait/],
    [{ maxQueueWaitMs: 0 }, /`maxQueueWaitMs` must be a number of milliseconds above 0/],
    [{ maxQueue: 0 }, /`maxQueue` must be a number of 1 or more/],
    [{ token: "" }, /`token` must be a text that is not empty/],
    [{ allowedOrigins: ["foo"] }, /"foo": write the address of a page.*https:\/\/app\.example\.com/],
    [{ allowedOrigins: ["https://a.example/"] }, /: https:\/\/a\.example$/],
    [{ allowedHosts: ["http://x"] }, /"http:\/\/x": write a name alone.*: x$/],
    [{ liveCache: "read" }, /`liveCache` must be one of off, write, on/],
    [{ keepAlive: "no" }, /`keepAlive` must be true or false/],
    [{ models: {} }, /`models` must be a list/],
    [{ manager: {} }, /`manager` must be a RequestManager/],
  ])("refuses %j", (options, message) => {
    expect(() => createServer({ manager, ...options })).toThrow(message);
  });

  it("takes the addresses of apps, which are no web pages", () => {
    expect(
      createServer({ manager, allowedOrigins: ["app://obsidian.md", "http://localhost:3000"], allowedHosts: ["[::2]"] }).open,
    ).toBe(0);
  });
});
