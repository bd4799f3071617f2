import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { expect, it } from "vitest";
import { MemoryCache } from "../../src/index.ts";
import { createServer, listen } from "../../src/server/server.ts";
import { chatAnswer, type Script } from "../support/scripted-server.ts";
import { ask, open, question, requestBytes, serveLive } from "./live-server.ts";

it("draining, it does not send what was read to its end only then", async () => {
  const { upstream, server, port } = await serveLive();
  const bytes = requestBytes();
  const socket = await open(port);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.write(bytes.slice(0, -5));
  await expect.poll(() => server.open).toBe(1);
  server.drain();
  socket.write(bytes.slice(-5));
  await once(socket, "close");
  expect(text).toMatch(/^HTTP\/1\.1 503 [^]*"shutting_down"/);
  expect(upstream.ledger).toEqual([]);
});

it.each([Infinity, 2 ** 31])("requests may wait for %d ms", async (maxQueueWaitMs) => {
  const { url } = await serveLive(undefined, { maxQueueWaitMs, options: { requestsPerMinute: 600 } });
  const answers = await Promise.all([ask(url), ask(url), ask(url)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
});

const caches = ["on", "off"] as const;
it.each(caches)(
  "with the cache %s a request that waits for too long is sent away, one that was sent in time never",
  async (mode) => {
    const over = new AbortController();
    const script: Script = () => once(over.signal, "abort").then(() => chatAnswer());
    const options = { concurrency: 1, cache: new MemoryCache() };
    const { upstream, url } = await serveLive(script, { maxQueueWaitMs: 50, liveCache: mode, options });
    const first = ask(url);
    await upstream.until(() => upstream.inFlight === 1);
    const second = await ask(url, { ...question, seed: 1 });
    expect([second.status, await second.text()]).toEqual([429, expect.stringContaining("It waited for")]);
    over.abort();
    expect((await first).status).toBe(200);
    expect(upstream.ledger).toHaveLength(1);
  },
);

it("takes the token of either header, and tells a page that may ask of a wrong one", async () => {
  const origin = "https://app.example.com";
  const { url } = await serveLive(undefined, { token: "right", allowedOrigins: [origin] });
  expect((await ask(url, question, { headers: both("wrong", "right") })).status).toBe(200);
  expect((await ask(url, question, { headers: both("right", "wrong") })).status).toBe(200);
  const refusal = await ask(url, question, { headers: { ...both("wrong", "wrong"), origin } });
  expect([refusal.status, refusal.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
});

it("is not left half open where one of its two addresses is taken", async () => {
  const other = createHttpServer();
  other.listen(0, "::1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { manager } = await serveLive();
  await expect(listen(createServer({ manager }), port, "127.0.0.1")).rejects.toThrow(`Port ${port} on ::1 is in use`);
  const free = createHttpServer();
  free.listen(port, "127.0.0.1");
  await once(free, "listening");
  free.close();
  other.close();
});

function both(key: string, bearer: string): Record<string, string> {
  return { "x-api-key": key, authorization: `Bearer ${bearer}` };
}
