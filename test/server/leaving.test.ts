import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { chatAnswer, endlessBody, silence, slowBody, streamed } from "../support/scripted-server.ts";
import { ask, open, question, requestBytes, serveLive } from "./live-server.ts";

const streaming = { ...question, stream: true };
const words = streamed(chat(Array.from({ length: 200 }, () => piece({ content: "word " }))));

async function gone(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  return (await response.text()).match(/llmbatch_client_gone_total\{.*\} 1/)?.[0] ?? "";
}

describe("a client that leaves", () => {
  it("while it waits is not asked for", async () => {
    const { upstream, manager, url } = await serveLive(silence, { options: { concurrency: 1 } });
    const others = new AbortController();
    const first = ask(url, question, { signal: others.signal }).catch(() => undefined);
    await upstream.until(() => upstream.inFlight === 1);
    const client = new AbortController();
    const second = ask(url, question, { signal: client.signal }).catch(() => undefined);
    await expect.poll(() => manager.limiterStatus().waiting).toBe(1);
    client.abort();
    await second;
    await expect.poll(() => manager.limiterStatus().waiting).toBe(0);
    await expect.poll(() => gone(url)).toContain('phase="queued"');
    others.abort();
    await first;
    expect(upstream.ledger).toHaveLength(1);
  });

  it.each(["FIN", "RST"])("by %s before the answer takes its request with it", async (how) => {
    const { upstream, manager, port, url } = await serveLive(silence);
    const socket = await open(port);
    socket.write(requestBytes());
    await upstream.until(() => upstream.inFlight === 1);
    if (how === "FIN") socket.end();
    else socket.resetAndDestroy();
    await upstream.until(() => upstream.ledger[0]?.aborted === true);
    expect(manager.limiterStatus().inFlight).toBe(0);
    await expect.poll(() => gone(url)).toContain('phase="asked"');
  });

  it("behind another request on the same connection is noticed, too", async () => {
    const { upstream, manager, port } = await serveLive(silence);
    const socket = await open(port);
    socket.write(requestBytes(question, { connection: "keep-alive" }) + requestBytes());
    await upstream.until(() => upstream.inFlight === 2);
    socket.destroy();
    await upstream.until(() => upstream.ledger.every(({ aborted }) => aborted));
    await expect.poll(() => manager.limiterStatus().inFlight).toBe(0);
  });

  it("within a stream ends it, and what was streamed is counted", async () => {
    const { upstream, manager, url } = await serveLive(() => slowBody(2000, 5, words));
    const client = new AbortController();
    const response = await ask(url, streaming, { signal: client.signal });
    await response.body?.getReader().read();
    client.abort();
    await upstream.until(() => upstream.ledger[0]?.aborted === true);
    await expect.poll(() => manager.stats.completionTokens).toBeGreaterThan(0);
    expect(manager.stats.promptTokens).toBeGreaterThan(0);
    await expect.poll(() => gone(url)).toContain('phase="streaming"');
  });
});

describe("a client that reads nothing", () => {
  it("is waited for once, be the events ever so small", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const small = `data: ${JSON.stringify(piece({ content: "x" }))}\n\n`;
    const { upstream, port } = await serveLive(() => endlessBody(streamed(small.repeat(500))));
    const socket = await open(port);
    socket.pause();
    socket.write(requestBytes(streaming));
    await upstream.until(() => upstream.inFlight === 1);
    let before = -1;
    await expect
      .poll(
        () => {
          const now = upstream.sentBytes;
          const hasStopped = now > 0 && now === before;
          before = now;
          return hasStopped;
        },
        { interval: 100, timeout: 20_000 },
      )
      .toBe(true);
    expect(warnings).toEqual([]);
    socket.destroy();
    await upstream.until(() => upstream.inFlight === 0);
  });

  it("stops the provider, not the memory", async () => {
    const events = streamed(`data: ${JSON.stringify(piece({ content: "x".repeat(10_000) }))}\n\n`);
    const { upstream, manager, port } = await serveLive(() => endlessBody(events));
    const socket = await open(port);
    socket.pause();
    socket.write(requestBytes(streaming));
    await upstream.until(() => upstream.inFlight === 1);
    let before = -1;
    await expect
      .poll(
        () => {
          const now = upstream.sentBytes;
          const isStill = now === before && now > 0;
          before = now;
          return isStill;
        },
        { interval: 300, timeout: 60_000 },
      )
      .toBe(true);
    expect(upstream.sentBytes).toBeLessThan(40_000_000);
    socket.destroy();
    await expect.poll(() => manager.limiterStatus().inFlight).toBe(0);
  });
});

/** More than the systems of both sides hold between them. */
const largeAnswer = chatAnswer("x".repeat(24_000_000));

describe("an answer in one piece that its client does not read", () => {
  it("is not done before it has gone out", async () => {
    const { manager, server, port } = await serveLive(() => largeAnswer);
    const socket = await open(port);
    socket.pause();
    socket.write(requestBytes());
    await expect.poll(() => manager.stats.completionTokens).toBe(5);
    server.drain();
    let isIdle = false;
    const idle = server.idle().then(() => (isIdle = true));
    await expect.poll(() => socket.readableLength).toBeGreaterThan(0);
    expect(isIdle).toBe(false);
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
    socket.resume();
    await idle;
    await expect.poll(() => bytes).toBeGreaterThan(24_000_000);
  });

  it("is given up after a time", async () => {
    const { server, port } = await serveLive(() => largeAnswer, { times: { stalledMs: 100 } });
    const socket = await open(port);
    socket.pause();
    socket.write(requestBytes());
    await expect.poll(() => server.open).toBe(1);
    await server.idle();
    socket.resume();
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
    await once(socket, "close");
    expect(bytes).toBeLessThan(24_000_000);
  });
});

it("a stream that its reader leaves standing is given up after a time, and so is its request", async () => {
  const events = streamed(`data: ${JSON.stringify(piece({ content: "x".repeat(10_000) }))}\n\n`);
  const { upstream, manager, server, port } = await serveLive(() => endlessBody(events), { times: { stalledMs: 100 } });
  const socket = await open(port);
  socket.pause();
  socket.write(requestBytes(streaming));
  await upstream.until(() => upstream.ledger[0]?.aborted === true);
  await server.idle();
  expect(manager.limiterStatus().inFlight).toBe(0);
});

it("answers are not mixed up among many clients", async () => {
  const { url } = await serveLive((call) => chatAnswer(String(call.json() && JSON.parse(call.body).user)));
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const answers = await Promise.all(users.map(async (user) => (await ask(url, Object.assign({ user }, question))).json()));
  expect(answers).toMatchObject(users.map((content) => ({ choices: [{ message: { content } }] })));
});
