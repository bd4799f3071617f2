import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLimiter, type Limiter } from "../../src/limiters/limiters.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import { minuteMs, type RateLimit } from "../../src/model/rate-limit.ts";
import { describeOwnLimiter } from "../contracts/limiter.ts";
import { answered, demandFor, never } from "../limiters/attempts.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { connected, sharedOn } from "./shared.ts";

const limits: readonly RateLimit[] = [
  { unit: "requests", amount: 6_000_000, periodMs: minuteMs },
  { unit: "tokens", amount: 60_000_000, periodMs: minuteMs },
];

const task = async (): Promise<Attempt> => answered(1);

describe.skipIf(noRedis !== undefined)(`a limiter with shared limits ${noRedis ?? ""}`, () => {
  let server: RedisServer | undefined;
  let limiters = 0;
  beforeAll(async () => void (server = await RedisServer.startForAll()));
  afterAll(() => server?.kill());

  function make(set: readonly RateLimit[]): Limiter {
    if (server === undefined) throw new Error("it is started before");
    return createLimiter({ concurrency: 4, limits: set, sharedLimits: sharedOn(connected(server), `test${(limiters += 1)}:`) });
  }

  test("at high rates a start takes a part of a call, without a limit it takes none", async () => {
    if (server === undefined) throw new Error("it is started before");
    const redis = connected(server);
    const callsFor = async (limiter: Limiter, starts: number): Promise<number> => {
      await limiter.run(demandFor(1), task, never);
      await redis.config("RESETSTAT");
      await Promise.all(Array.from({ length: starts }, () => limiter.run(demandFor(1), task, never)));
      const [, calls = "0"] = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.info("commandstats")) ?? [];
      return Number(calls);
    };
    expect(await callsFor(make([{ unit: "requests", amount: 300_000, periodMs: minuteMs }]), 2_000)).toBeLessThan(1_000);
    // The last reports of the one before may come as late.
    expect(await callsFor(make([]), 2_000)).toBeLessThan(20);
  });

  describeOwnLimiter("pauses alone are shared", () => make([]));
  describeOwnLimiter("all limits are shared", () => make(limits));
});
