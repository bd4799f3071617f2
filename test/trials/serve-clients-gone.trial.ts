import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as pass } from "node:timers/promises";
import { expect, it } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { slowBody, streamed } from "../support/scripted-server.ts";
import { randomNumbers } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";
import { startServing } from "./serving.ts";

const clients = 200;
const events = chat([...Array.from({ length: 60 }, () => piece({ content: "word " })), piece({}, {}, "stop")]);

/** From what a client does to its connection, to what the provider sees. In small: `test/server/leaving.test.ts`. */
it.runIf(isFullSize)("clients that leave at random moments end their requests, and what was streamed is counted", async () => {
  const figures = new Figures("clients gone");
  const random = randomNumbers(23);
  const upstream = await serve(() => slowBody(600, 10, streamed(events)));
  const { port, url } = await startServing(upstream.url);
  const killedAt = new Map<string, number>();
  const inParallel = 10;
  for (let from = 0; from < clients; from += inParallel) {
    const names = Array.from({ length: Math.min(inParallel, clients - from) }, (_, at) => `client-${from + at}`);
    await Promise.all(names.map((name, at) => leave(port, name, random() * 300, at % 2 === 0 ? "RST" : "FIN", killedAt)));
  }
  const stats = async (): Promise<unknown> => (await fetch(`${url}/stats`)).json();
  await expect.poll(stats).toMatchObject({ in_flight: 0, waiting: 0 });
  const asked = upstream.ledger.filter((call) => !call.body.includes("witness"));
  const delays = asked
    .filter(({ aborted }) => aborted)
    .map((call) => (call.endedAt ?? Infinity) - (killedAt.get(String(JSON.parse(call.body).user)) ?? 0))
    .toSorted((a, b) => a - b);
  const p99 = delays[Math.ceil(delays.length * 0.99) - 1] ?? 0;
  const gone = sumOf(await (await fetch(`${url}/metrics`)).text(), "llmbatch_client_gone_total");
  const whole = asked.length - delays.length;
  figures.atMost("clients that left before their answer was whole, and were not counted", Math.max(0, clients - gone - whole), 0);
  figures.atLeast("requests whose end the provider saw", delays.length, Math.floor(clients / 4));
  figures.exactly("requests that the provider still works at", upstream.inFlight, 0);
  figures.atMost("from the end of a client to the provider's, p99, ms", Math.round(p99), 100);
  const { total_tokens: tokens } = Object(await stats());
  figures.atLeast("tokens counted of streams that were given up after they had begun, each", (tokens * 2) / clients, 1);
  expect(figures.missed(`${clients} clients, a stream of 60 events in some 200 ms, by RST and FIN`)).toEqual([]);
});

async function leave(
  port: number,
  user: string,
  afterMs: number,
  how: "RST" | "FIN",
  killedAt: Map<string, number>,
): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const body = JSON.stringify({ model: "m", stream: true, messages: [], user });
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  if (how === "FIN") await once(socket, "data"); // half of them leave within the stream
  await pass(afterMs); // a moment within the request's life, by chance
  killedAt.set(user, performance.now());
  if (how === "RST") socket.resetAndDestroy();
  else socket.destroy();
}

function sumOf(metrics: string, name: string): number {
  const samples = metrics.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
