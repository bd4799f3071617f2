import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, endlessBody, streamed } from "../support/scripted-server.ts";
import { Figures, isFullSize } from "./figures.ts";
import { residentMegabytes, startServing } from "./serving.ts";

const clients = 100;
const event = `data: ${JSON.stringify(piece({ content: "x".repeat(10_000) }))}\n\n`;

/** In small: `test/server/leaving.test.ts`. */
it.runIf(isFullSize)("clients that stop reading stop the provider, not the memory, and others are answered", async () => {
  const figures = new Figures("slow readers");
  const upstream = await serve((call) => (call.body.includes('"stream":true') ? endlessBody(streamed(event)) : chatAnswer()));
  const { child, port, url } = await startServing(upstream.url, "-c", "128", "--no-adaptive");
  const ask = (): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify({ model: "m", messages: [] }) });
  for (let warm = 0; warm < 500; warm += 1) await (await ask()).text();
  const before = residentMegabytes(child);
  const startedAt = performance.now();
  const sockets = await Promise.all(Array.from({ length: clients }, () => readALittle(port)));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  let most = 0;
  let sent = -1;
  await expect
    .poll(
      () => {
        most = Math.max(most, residentMegabytes(child));
        const isStill = upstream.sentBytes === sent;
        sent = upstream.sentBytes;
        return isStill;
      },
      { interval: 500 },
    )
    .toBe(true);
  figures.told("MB before", before);
  figures.told("MB that the provider sent for each", sent / clients / 1e6);
  const answers = await Promise.all(Array.from({ length: 20 }, async () => (await ask()).status));
  figures.exactly("others that were answered meanwhile", answers.filter((status) => status === 200).length, 20);
  most = Math.max(most, residentMegabytes(child));
  figures.atMost("MB more at most", most - before, 64);
  await untilNone(() => upstream.inFlight);
  figures.atMost("s until all are given up", (performance.now() - startedAt) / 1000, 75);
  figures.atLeast("the same, at least", (performance.now() - startedAt) / 1000, 60);
  expect(figures.missed(`${clients} clients that read 1 KB of a stream without end`)).toEqual([]);
});

/**
 * Beside a server that has none, in alternation, because the machine has other work at one time than at another.
 */
it.skipIf(!isFullSize)("100 clients that stop reading do not hold up others", async () => {
  const figures = new Figures("others beside slow readers");
  const upstream = await serve((call) => (call.body.includes('"stream":true') ? endlessBody(streamed(event)) : chatAnswer()));
  const [busy, idle] = [await startServing(upstream.url, "-c", "200"), await startServing(upstream.url, "-c", "200")];
  const body = JSON.stringify({ model: "m", messages: [] });
  const timeOf = async (url: string): Promise<number> => {
    const askedAt = performance.now();
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    await response.text();
    expect(response.status).toBe(200);
    return performance.now() - askedAt;
  };
  for (let warm = 0; warm < 300; warm += 1) for (const { url } of [busy, idle]) await timeOf(url);
  const before = residentMegabytes(busy.child);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => readALittle(busy.port)));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  const sent = await untilStill(() => upstream.sentBytes);
  const [beside, alone]: [number[], number[]] = [[], []];
  for (let round = 0; round < 1000; round += 1) {
    beside.push(await timeOf(busy.url));
    alone.push(await timeOf(idle.url));
  }
  const [p99Beside, p99Alone] = [p99(beside), p99(alone)];
  figures.told("MB that the provider sent for each", sent / sockets.length / 1e6);
  figures.told("MB that the server took more for each", (residentMegabytes(busy.child) - before) / sockets.length);
  figures.told("ms that others took beside them, p99", p99Beside);
  figures.told("ms that others took at a server without them, p99", p99Alone);
  figures.atMost("the former by the latter", p99Beside / p99Alone, 1.2);
  expect(figures.missed(`${sockets.length} clients that read 1 KB of a stream without end`)).toEqual([]);
});

function p99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? Infinity;
}

/** @returns the number that does not change any more. */
async function untilStill(read: () => number): Promise<number> {
  let last = -1;
  const isStill = (): boolean => {
    const now = read();
    const isSame = now === last;
    last = now;
    return isSame;
  };
  await expect.poll(isStill, { interval: 500 }).toBe(true);
  return last;
}

async function untilNone(count: () => number): Promise<void> {
  await expect.poll(count, { timeout: 120_000, interval: 250 }).toBe(0);
}

async function readALittle(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const body = JSON.stringify({ model: "m", stream: true, messages: [] });
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await once(socket, "readable");
  socket.read(1024);
  return socket;
}
