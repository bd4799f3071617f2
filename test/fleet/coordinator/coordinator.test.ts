import * as bullmq from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { Coordinator, noSeal, parseAddress } from "../../../src/fleet/fleet.ts";
import { AnswerStore } from "../../../src/fleet/redis/answers.ts";
import { FleetKeys } from "../../../src/fleet/redis/keys.ts";
import { type FieldAnswer, packAnswers } from "../../../src/fleet/wire/answer.ts";
import { readJob } from "../../../src/fleet/wire/chunk.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import type { BatchRequest } from "../../../src/model/request.ts";
import { noUsage } from "../../../src/model/usage.ts";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { noRedis, RedisServer } from "../../support/redis-server.ts";

const [run, prefix] = ["0123456789abcdef", "llmbatch"];

function requestOf(lineNumber: number): BatchRequest {
  const customId = `q-${lineNumber}`;
  return { kind: "request", lineNumber, customId, path: "/v1/chat/completions", model: "m", body: "{}" };
}

/** @param line From 1. */
function answer(line: number, body: string): FieldAnswer {
  const response = { statusCode: 200, requestId: "", body, usage: noUsage };
  return { field: idOf(line), attempt: { ok: true, response, calls: { count: 1, latencyMs: 1 } } };
}

function idOf(line: number): string {
  return `id-${line}`;
}

/** Lines 1 to 3 as one chunk, for which a worker leaves `groups`. @returns what becomes of each. */
async function askFor(groups: readonly string[]): Promise<Attempt[]> {
  const { port, url } = await RedisServer.start();
  const keys = new FleetKeys(prefix, noSeal);
  const redis = new Redis(port, "127.0.0.1");
  onTestFinished(() => redis.disconnect());
  const store = new AnswerStore(redis, keys);
  const work = async ({ data, id = "" }: bullmq.Job): Promise<void> => {
    const { chunk } = readJob(data);
    for (const group of groups) await store.put(id, worker.id, run, chunk, group);
  };
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  const worker = new bullmq.Worker(keys.queue, work, { connection, prefix });
  onTestFinished(() => worker.close());
  const coordinator = await Coordinator.open({
    packages: { bullmq, Redis },
    address: parseAddress(url, prefix, false),
    seal: noSeal,
    run,
    name: "here",
    version: "1",
    settings: { limits: [] },
    total: 3,
    described: createHttpProvider({ name: "here", baseUrl: "http://127.0.0.1:1" }),
    say: () => undefined,
    onLost: expect.unreachable,
  });
  onTestFinished(() => coordinator.abandon());
  const { signal } = new AbortController();
  const target = coordinator.provider;
  const attempts: Promise<Attempt>[] = [];
  for await (const lines of coordinator.feed(inOneGroup([1, 2, 3].map(requestOf))))
    for (const line of lines)
      if (line.kind === "request") attempts.push(target.send(line, { signal, requestId: idOf(line.lineNumber), target }));
  return Promise.all(attempts);
}

async function* inOneGroup<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  yield items;
}

describe.skipIf(noRedis !== undefined)("a coordinator", () => {
  it("takes the first answer of a line, in whichever group it came", async () => {
    const groups = [[answer(1, "first")], [answer(2, "first"), answer(1, "second")], [answer(2, "third"), answer(3, "first")]];
    const attempts = await askFor(groups.map((group) => packAnswers(group, noSeal)));
    expect(attempts).toEqual([1, 2, 3].map((line) => answer(line, "first").attempt));
  });

  it("fails lines whose answers cannot be read, and keeps those that could", async () => {
    const attempts = await askFor([packAnswers([answer(1, "first")], noSeal), "rubbish"]);
    expect(attempts[0]).toEqual(answer(1, "first").attempt);
    for (const attempt of attempts.slice(1))
      expect(attempt).toMatchObject({ ok: false, failure: { message: expect.stringContaining("cannot be read") } });
  });
});
