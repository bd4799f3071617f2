import { setTimeout as pass } from "node:timers/promises";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { EnforcedLimit } from "../limiters/simulated-server.ts";
import { serve } from "../support/closing.ts";
import {
  chatAnswer,
  delayed,
  errorAnswer,
  type ReceivedCall,
  type Reply,
  type ScriptedServer,
} from "../support/scripted-server.ts";
import { randomNumbers, runFreely } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";
import { startServing } from "./serving.ts";

const [lines, rpm, pauseMs, longMs] = [1_000, 600, 1_500, 60_000];
const liveClients = 4;

/** Live requests name themselves; lines of a batch do not. */
const isLive = ({ body }: ReceivedCall): boolean => body.includes('"user":"live');

/** A provider that keeps to its limit, with a second of burst. */
async function limitedProvider(
  answer: (call: ReceivedCall) => Reply,
): Promise<{ upstream: ScriptedServer; rejected: () => number }> {
  const limit = new EnforcedLimit(rpm);
  let rejected = 0;
  const upstream = await serve((call) => {
    if (!limit.has(1)) {
      rejected += 1;
      return errorAnswer(429);
    }
    limit.take(1);
    return answer(call);
  });
  return { upstream, rejected: () => rejected };
}

interface LiveClients {
  /** By the name of each request: when it was sent. */
  readonly sentAt: Map<string, number>;
  readonly end: () => Promise<void>;
}

/** They ask one question at a time, or many, each after a pause. */
function startClients(url: string, inParallel: number, pause: number): LiveClients {
  const sentAt = new Map<string, number>();
  const random = randomNumbers(7);
  const over = new AbortController();
  const ask = async (client: string): Promise<void> => {
    for (let number = 0; !over.signal.aborted; number += 1) {
      await pass(random() * 2 * pause); // clients that ask at moments of their own
      const user = `live-${client}-${number}`;
      sentAt.set(user, performance.now());
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "test-model", messages: [], user }),
      });
      await answer.text();
    }
  };
  const all = Array.from({ length: liveClients * inParallel }, (_, client) => ask(String(client)));
  return {
    sentAt,
    end: async () => {
      over.abort();
      await Promise.all(all);
    },
  };
}

/** For each live request: which permit it got, those of a batch counted that were given from when it was sent. */
function permits(ledger: readonly ReceivedCall[], { sentAt }: LiveClients): number[] {
  const batch = ledger.filter((call) => !isLive(call)).map(({ arrivedAt }) => arrivedAt);
  return ledger.filter(isLive).map(({ body, arrivedAt }) => {
    const sent = sentAt.get(String(JSON.parse(body).user)) ?? 0;
    return 1 + batch.filter((at) => at > sent && at < arrivedAt).length;
  });
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Infinity;
}

/** In small: `test/server/several-clients.test.ts` and `test/limiters/scheduler/bands.test.ts`. */
it.runIf(isFullSize)("a batch through the server gives way to live clients, and goes on", async () => {
  const figures = new Figures("a batch and live clients");
  const { upstream, rejected } = await limitedProvider(() => chatAnswer());
  const { url } = await startServing(upstream.url, "--rpm", String(rpm));
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const run = runFreely(user, ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${url}/v1`]);
  await upstream.until(() => upstream.ledger.length >= lines / 20);
  const few = startClients(url, 1, pauseMs);
  await upstream.until(() => upstream.ledger.length >= lines / 2);
  await few.end();
  const asked = permits(upstream.ledger, few);

  const from = upstream.ledger.length;
  const many = startClients(url, 20, 0);
  await upstream.until(() => upstream.ledger.length >= from + lines / 4);
  const window = upstream.ledger.slice(from + 20, from + lines / 4);
  await many.end();

  const { code } = await run;
  expect(code).toBe(0);
  expect(
    upstream.ledger.filter((call) => !isLive(call)).every(({ headers }) => headers["x-llmbatch-priority"] === undefined),
  ).toBe(true);
  figures.told("live requests of 4 clients, one at a time each", asked.length);
  figures.atMost("permit that a live request got, p95", p95(asked), 2);
  figures.told("permit that a live request got, worst", Math.max(...asked));
  const batchShare = (100 * window.filter((call) => !isLive(call)).length) / window.length;
  figures.atLeast("% of permits that the batch got beside 80 live requests", batchShare, 10);
  const [first, last] = [upstream.ledger[0]?.arrivedAt ?? 0, upstream.ledger.at(-1)?.arrivedAt ?? 0];
  const optimumMs = (upstream.ledger.length - 1) / (rpm / 60_000);
  figures.atMost("time for all requests, of what the limit makes possible", (last - first) / optimumMs, 1.05);
  figures.exactly("requests that the provider rejected", rejected(), 0);
  expect(figures.missed(`${lines} lines and ${liveClients} live clients at ${rpm} RPM`)).toEqual([]);
});

it.runIf(isFullSize)("long answers of a batch leave slots for live clients", async () => {
  const figures = new Figures("long answers of a batch");
  const { upstream, rejected } = await limitedProvider((call) => (isLive(call) ? chatAnswer() : delayed(longMs, chatAnswer())));
  const { url } = await startServing(upstream.url, "--rpm", String(rpm), "-c", "8");
  const few = startClients(url, 1, pauseMs);
  await upstream.until(() => upstream.ledger.length >= 4);
  const user = new Workplace();
  user.write("in.jsonl", questions(18));
  const run = runFreely(user, ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${url}/v1`]);
  const { code } = await run;
  await few.end();
  expect(code).toBe(0);
  const asked = permits(upstream.ledger, few);
  figures.told("live requests", asked.length);
  figures.atMost("permit that a live request got, p95", p95(asked), 2);
  const waits = upstream.ledger
    .filter(isLive)
    .map(({ body, arrivedAt }) => arrivedAt - (few.sentAt.get(String(JSON.parse(body).user)) ?? 0));
  figures.atMost("ms that a live request waited, p95", p95(waits), 500);
  figures.exactly("requests that the provider rejected", rejected(), 0);
  expect(figures.missed(`18 answers of ${longMs / 1000} s, 8 slots, ${liveClients} live clients`)).toEqual([]);
});
