import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { closing, serve } from "../support/closing.ts";
import { portOf } from "../support/raw-server.ts";
import { slowBody, streamed } from "../support/scripted-server.ts";
import { Figures, isFullSize } from "./figures.ts";
import { startServing } from "./serving.ts";

const clients = 100;
const events = chat([...Array.from({ length: 40 }, () => piece({ content: "word " })), piece({}, {}, "stop")]);
/** Some 60 pieces. */
const pieceBytes = 120;

interface Ended {
  readonly text: string;
  readonly isClean: boolean;
}

async function ask(url: string, stream: boolean): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify({ model: "m", stream, messages: [] }) });
}

async function read(response: Response): Promise<Ended> {
  let text = "";
  try {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, isClean: true };
  } catch {
    return { text, isClean: false };
  }
}

/** Streams that have begun: their heads are there. */
async function openStreams(url: string, count: number): Promise<Promise<Ended>[]> {
  const responses = await Promise.all(Array.from({ length: count }, () => ask(url, true)));
  return responses.map(read);
}

function isWhole({ text, isClean }: Ended): boolean {
  return isClean && text.includes('"finish_reason":"stop"') && text.endsWith("data: [DONE]\n\n");
}

/** It has no small version: what dies is cut off by the system. */
it.runIf(isFullSize)("`kill -9` cuts all streams, and each client sees it", async () => {
  const figures = new Figures("kill -9 during streams");
  const upstream = await serve(() => slowBody(pieceBytes, 500, streamed(events)));
  const { child, url } = await startServing(upstream.url, "-c", String(clients), "--no-adaptive");
  const streams = await openStreams(url, clients);
  child.kill("SIGKILL");
  const ended = await Promise.all(streams);
  figures.exactly("streams that ended as if they were whole", ended.filter(({ isClean }) => isClean).length, 0);
  await upstream.until(() => upstream.inFlight === 0);
  figures.exactly("requests that the provider still works at", upstream.inFlight, 0);
  expect(figures.missed(`${clients} streams`)).toEqual([]);
});

/** In small: `test/e2e/serve.test.ts`. */
it.runIf(isFullSize)("SIGTERM lets streams end, sends away what waits, and takes no connections", async () => {
  const figures = new Figures("SIGTERM during streams");
  const upstream = await startHeld();
  const { child, port, url } = await startServing(upstream.url, "-c", String(clients), "--no-adaptive", "--drain", "60");
  const streams = await openStreams(url, clients);
  const queued = Array.from({ length: clients }, () => ask(url, false));
  await expect.poll(async () => (await fetch(`${url}/stats`)).json()).toMatchObject({ waiting: clients });
  const exit = once(child, "exit");
  const startedAt = performance.now();
  child.kill("SIGTERM");
  const refusedAfterMs = await untilRefused(port, startedAt);
  const refusals = await Promise.all(queued);
  upstream.release();
  const told = refusals.filter(({ status, headers }) => status === 503 && headers.get("retry-after") === "1");
  const ended = await Promise.all(streams);
  const [code] = await exit;
  figures.exactly("streams that are whole", ended.filter(isWhole).length, clients);
  figures.exactly("queued requests that were told when to come back", told.length, clients);
  figures.exactly("requests that the provider got", upstream.requests(), clients);
  figures.exactly("exit code", Number(code), 0);
  figures.atMost("ms until a connection is refused", refusedAfterMs, 100);
  figures.told("s until it had ended", (performance.now() - startedAt) / 1000);
  expect(figures.missed(`${clients} streams, ${clients} requests that wait`)).toEqual([]);
});

/** A provider whose streams have begun, and end when they are released: a slow machine would not keep them open by time. */
async function startHeld(): Promise<{ readonly url: string; release(): void; requests(): number }> {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    held.push(response.writeHead(200, { "content-type": "text/event-stream" }));
    response.write(events.slice(0, events.length / 2));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing({ close: async () => void server.close().closeAllConnections() });
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    release: () => held.forEach((response) => response.end(events.slice(events.length / 2))),
    requests: () => held.length,
  };
}

/** In small: `e2e/serve.test.ts`. */
it.skipIf(!isFullSize)("--drain and a second signal end what does not end by itself, and each client sees it", async () => {
  const figures = new Figures("streams without end");
  const drainMs = 2_000;
  for (const signals of [1, 2]) {
    const upstream = await serve(() => slowBody(1, 10_000, streamed(events)));
    const args = ["-c", String(clients), "--no-adaptive", "--drain", signals === 1 ? String(drainMs / 1000) : "60"];
    const { child, url } = await startServing(upstream.url, ...args);
    const answers = Array.from({ length: clients }, () => ask(url, true).then(read, () => ({ text: "", isClean: false })));
    await upstream.until(() => upstream.inFlight === clients);
    const exit = once(child, "exit");
    let startedAt = performance.now();
    child.kill("SIGINT");
    if (signals === 2) startedAt = await interruptAgain(child);
    const [code] = await exit;
    const tookMs = performance.now() - startedAt;
    const ended = await Promise.all(answers);
    const how = signals === 1 ? "after --drain" : "at the second signal";
    figures.exactly(`${how}: exit code`, Number(code), signals === 1 ? 1 : 130);
    figures.atMost(`${how}: ms until it had ended, beyond the time given`, tookMs - (signals === 1 ? drainMs : 0), 1000);
    figures.exactly(`${how}: streams that ended as if they were whole`, ended.filter(isWhole).length, 0);
  }
  expect(figures.missed(`${clients} streams that do not end`)).toEqual([]);
});

/** @returns when the second signal was sent. */
async function interruptAgain(child: ChildProcess): Promise<number> {
  await once(child.stderr ?? child, "data"); // the first was heard
  const at = performance.now();
  child.kill("SIGINT");
  return at;
}

/** @returns how long after that a new connection was refused. */
async function untilRefused(port: number, since: number): Promise<number> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (isOpen === false) return performance.now() - since;
  }
}
