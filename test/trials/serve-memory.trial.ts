import { Pool } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import {
  chatAnswer,
  delayed,
  errorAnswer,
  type ReceivedCall,
  type Reply,
  slowBody,
  streamed,
} from "../support/scripted-server.ts";
import { Figures, isFullSize } from "./figures.ts";
import { openSockets, residentMegabytes, startServing } from "./serving.ts";

const [requests, firstPart] = [100_000, 20_000];
const connections = 64;
const events = chat([...Array.from({ length: 20 }, () => piece({ content: "word " })), piece({}, {}, "stop")]);
const answer = chatAnswer("word ".repeat(80));

/** What becomes of request number so and so: one of 20 fails, one of 20 is left by its client. */
function kindOf(number: number): "error" | "left" | "whole" {
  return number % 20 === 7 ? "error" : number % 20 === 13 ? "left" : "whole";
}

const isStreamed = (number: number): boolean => number % 3 === 0;

function answerTo({ body }: ReceivedCall): Reply {
  const number = Number(/"user":"(\d+)"/.exec(body)?.[1]);
  const kind = kindOf(number);
  if (kind === "error") return errorAnswer(number % 40 === 7 ? 400 : 500);
  const reply = isStreamed(number) ? streamed(events) : answer;
  if (kind === "whole") return reply;
  return isStreamed(number) ? slowBody(200, 20, reply) : delayed(1000, reply);
}

/** @returns the status; 0 where it left. */
async function ask(pool: Pool, number: number): Promise<number> {
  const client = new AbortController();
  const isLeft = kindOf(number) === "left";
  const timer = isLeft && !isStreamed(number) ? setTimeout(() => client.abort(), 10) : undefined;
  try {
    const body = JSON.stringify({
      model: "m",
      stream: isStreamed(number),
      messages: [{ role: "user", content: "word " }],
      user: `${number}`,
    });
    const { statusCode, body: said } = await pool.request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json" },
      body,
      signal: client.signal,
    });
    for await (const _ of said) if (isLeft) client.abort();
    return statusCode;
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
  }
}

/** In small: `test/server/leaving.test.ts` and `test/server/failures.test.ts`. */
it.runIf(isFullSize)("a server that has answered many holds no more than one that has answered some", async () => {
  const figures = new Figures("memory of a server for live clients");
  let upstreamCalls = 0;
  const upstream = await serve((call) => {
    upstreamCalls += 1;
    return answerTo(call);
  });
  const { child, url } = await startServing(
    upstream.url,
    "-c",
    "64",
    "--no-adaptive",
    "--retry-delay",
    "0.001",
    "--max-retries",
    "1",
  );
  const pool = new Pool(url, { connections });
  onTestFinished(() => pool.destroy());
  const statuses = new Map<number, number>();
  let next = 0;
  const askUntil = async (end: number): Promise<void> => {
    const loop = async (): Promise<void> => {
      while (next < end) {
        const status = await ask(pool, next++);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: connections }, loop));
    await expect.poll(stats).toMatchObject({ in_flight: 0, waiting: 0 });
  };
  const watcher = new Pool(url, { connections: 1 });
  onTestFinished(() => watcher.destroy());
  const stats = async (): Promise<unknown> => (await watcher.request({ method: "GET", path: "/stats" })).body.json();

  await askUntil(firstPart);
  const before = residentMegabytes(child);
  for (let part = 2; part * firstPart <= requests; part += 1) {
    await askUntil(part * firstPart);
    figures.told(`MB after ${part * firstPart} requests`, residentMegabytes(child));
  }
  await askUntil(requests);
  const after = residentMegabytes(child);
  figures.told(`MB after ${firstPart} requests`, before);
  figures.atMost("MB more at the end", after - before, 20);
  figures.told("calls that the provider got", upstreamCalls);
  const kinds = Array.from({ length: requests }, (_, number) => kindOf(number));
  figures.exactly("whole answers", statuses.get(200) ?? 0, kinds.filter((kind) => kind === "whole").length);
  figures.exactly("clients that left", statuses.get(0) ?? 0, kinds.filter((kind) => kind === "left").length);
  figures.exactly("requests that the provider still works at", upstream.inFlight, 0);

  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const startedAt = performance.now();
    await (await pool.request({ method: "GET", path: "/metrics" })).body.dump();
    times.push(performance.now() - startedAt);
  }
  figures.atMost("/metrics, median of 20, ms", times.toSorted((a, b) => a - b)[10] ?? Infinity, 5);
  await Promise.all([pool.destroy(), watcher.destroy()]);
  const beyond = (): number => (openSockets(child) ?? 0) - listeningSockets - upstream.openConnections;
  await expect.poll(beyond).toBeLessThanOrEqual(0);
  const conditions = `${requests} requests on ${connections} connections, a third streamed, 5 % left, 5 % errors`;
  expect(figures.missed(conditions)).toEqual([]);
});

/** On `127.0.0.1` and `::1`. */
const listeningSockets = 2;
