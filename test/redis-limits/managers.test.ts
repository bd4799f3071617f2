import type { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import { createLimiter, createProvider, type Observer, RequestManager } from "../../src/index.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { serveManagers } from "../manager/managers.ts";
import { deferred } from "../support/deferred.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { chatAnswer, rateLimited, type Reply } from "../support/scripted-server.ts";
import { connected, sharedOn } from "./shared.ts";

type Event = Parameters<Observer>[0];

const prompts = (count: number): string[] => Array.from({ length: count }, (_, index) => `question ${index}`);

/** Two managers, as two processes have them, and what each observes. */
async function twoManagers(redis: Redis, script: () => Reply | Promise<Reply>, options = {}) {
  const { server, createManager } = await serveManagers(script, options);
  const create = (): { readonly manager: RequestManager; readonly events: Event[] } => {
    const events: Event[] = [];
    return { events, manager: createManager({ sharedLimits: sharedOn(redis), observers: [(event) => void events.push(event)] }) };
  };
  return { server, first: create(), second: create() };
}

describe.skipIf(noRedis !== undefined)(`managers with shared limits ${noRedis ?? ""}`, () => {
  test("a Retry-After that one is told stops the other, though no limit is set, and both go on when it is over", async () => {
    const redis = connected(await RedisServer.start());
    const isPausing = deferred<void>();
    let calls = 0;
    const { server, first, second } = await twoManagers(redis, () => ((calls += 1) === 2 ? rateLimited("2") : chatAnswer()));
    // The other has started before, so that it has to be told.
    await second.manager.send("before");
    const rejected = first.manager.send("is rejected");
    await expect.poll(() => second.events.some(({ type }) => type === "pause"), { interval: 1 }).toBe(true);
    isPausing.resolve();
    const waiting = second.manager.processBatch(prompts(5));
    await expect.poll(() => second.manager.limiterStatus()).toMatchObject({ blockedBy: "pause", inFlight: 0 });
    const results = [await rejected, ...(await waiting)];
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => "succeeded"));
    const [, throttled, next] = server.ledger;
    expect((next?.arrivedAt ?? 0) - (throttled?.endedAt ?? Infinity)).toBeGreaterThanOrEqual(1_950);
    expect(second.events.filter(({ type }) => type === "pause")).toMatchObject([
      { reason: expect.stringContaining("Rate limit") },
    ]);
  });

  test("a limit that one is told in headers holds for both, and is shown", async () => {
    const redis = connected(await RedisServer.start());
    const headers = {
      "x-ratelimit-limit-requests": "6000",
      "x-ratelimit-remaining-requests": "90",
      "x-ratelimit-reset-requests": "0s",
    };
    const { first, second } = await twoManagers(redis, () => ({ ...chatAnswer(), headers }));
    const reply = second.manager.send("opens its target");
    await reply;
    await first.manager.send("one");
    const known = () => second.manager.rateLimitStatus().flatMap(({ limits }) => limits);
    await expect.poll(known).toContainEqual(expect.objectContaining({ unit: "requests", amount: 6_000, source: "headers" }));
    const keys = await redis.keys("*:learned");
    expect(keys).toContainEqual(expect.stringMatching(/^llmbatch:limit:127\.0\.0\.1%3A\d+\/v1:[0-9a-f]{16}:m:learned$/));
    expect((await redis.keys("*")).join(" ")).not.toContain("sk-library");
  });

  test("while Redis is away nothing starts, what is in flight ends and is kept, and it goes on when it is back", async () => {
    const server = await RedisServer.start();
    const gate = deferred<void>();
    const asked = await twoManagers(connected(server), () => gate.promise.then(() => chatAnswer()), {
      concurrency: 3,
      adaptive: false,
    });
    const batch = asked.first.manager.processBatch(prompts(9));
    await asked.server.until(() => asked.server.ledger.length === 3);
    await server.kill();
    const status = () => asked.first.manager.limiterStatus();
    gate.resolve();
    await expect.poll(status).toMatchObject({ inFlight: 0, waiting: 6, blockedBy: "shared-limits" });
    const late = asked.second.manager.send("late");
    await expect.poll(() => asked.second.manager.limiterStatus()).toMatchObject({ waiting: 1, blockedBy: "shared-limits" });
    expect(asked.first.manager.stats.requestsCompleted).toBe(3);
    expect(asked.server.ledger).toHaveLength(3);
    await server.start();
    const results = [...(await batch), await late];
    expect(results.map(({ status: one }) => one)).toEqual(Array.from({ length: 10 }, () => "succeeded"));
    expect(asked.server.ledger).toHaveLength(10);
  });

  test("two managers together keep a limit that is set, and settle what answers really use", async () => {
    const redis = connected(await RedisServer.start());
    const limits = [
      { unit: "requests", amount: 8, periodMs: 86_400_000 },
      { unit: "tokens", amount: 100_000, periodMs: 86_400_000 },
    ];
    const { server, first, second } = await twoManagers(redis, () => chatAnswer(), { limits });
    const batches = Promise.all([first, second].map(({ manager }) => manager.processBatch(prompts(8))));
    await server.until(() => server.ledger.length === 8);
    // 15 tokens each, as the server counted.
    const used = async (): Promise<number> => Number((await redis.hvals("llmbatch:limit:*:*:*:tokens:86400000"))[0]);
    await expect.poll(used).toBe(8 * 15);
    for (const { manager } of [first, second]) manager.stop();
    await batches;
    expect(server.ledger).toHaveLength(8);
  });
});

test("a limiter of one's own and shared limits contradict each other", () => {
  const provider = createProvider("openai", { apiKey: "k" });
  const sharedLimits = { open: () => expect.unreachable(), close: async () => {} };
  const create = (): RequestManager => new RequestManager({ provider, sharedLimits, limiter: createLimiter({ concurrency: 1 }) });
  expect(create).toThrow(ConfigurationError);
  expect(create).toThrow("`limiter` keeps limits of its own: give it, or `sharedLimits`, not both");
});
