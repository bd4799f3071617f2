import { describe, expect, test } from "vitest";
import type { SharedLimits } from "../../src/limiters/limiters.ts";
import { noWeights } from "../../src/model/rate-limit.ts";
import { describeSharedLimits, leaseOf, ofAll, one, opened, quota, scope } from "../contracts/shared-limits.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { connected, sharedOn } from "./shared.ts";

const leases = "llmbatch:limit:api.example.com/v1:0123456789abcdef:m:leases";

async function twoProcesses(): Promise<[SharedLimits, SharedLimits]> {
  const redis = connected(await RedisServer.start());
  return [sharedOn(redis), sharedOn(redis)];
}

describe.skipIf(noRedis !== undefined)(`limits in Redis ${noRedis ?? ""}`, () => {
  describeSharedLimits("Redis", twoProcesses);

  test("a lease that nobody reported is back when it expires, and is taken after all if the report comes later", async () => {
    const redis = connected(await RedisServer.start());
    const { target: a } = await opened(sharedOn(redis), ofAll(quota));
    const { target: b } = await opened(sharedOn(redis), ofAll(quota));
    const lease = leaseOf(await a.take({ ...one, requests: 10 }));
    expect(await b.take(one)).toMatchObject({ type: "rejected" });
    const [name = ""] = await redis.zrange(leases, "0", "-1");
    await redis.zadd(leases, "XX", "0", name);
    leaseOf(await b.take({ ...one, requests: 2 }));
    expect(b.limits).toMatchObject([{ available: 8 }]);
    // It was slow, not dead: of its ten it had started seven.
    a.report(lease, { ...noWeights, requests: 3 });
    await expect.poll(async () => (await b.take({ ...one, requests: 9 })).type && b.limits[0]?.available).toBe(1);
  });

  test("a lease expires by Redis' own clock", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll(quota));
    const [seconds] = await redis.time();
    leaseOf(await target.take(one));
    const [, score] = await redis.zrange(leases, "0", "-1", "WITHSCORES");
    expect(Number(score) / 1000 - Number(seconds)).toBeGreaterThanOrEqual(4.9);
    expect(Number(score) / 1000 - Number(seconds)).toBeLessThan(60);
  });

  test("while Redis is away nothing is granted; what is reported meanwhile counts when it is back, and so does what it had forgotten", async () => {
    const server = await RedisServer.start();
    const redis = connected(server);
    const { target: a } = await opened(sharedOn(redis), ofAll({ ...quota, unit: "tokens" }));
    a.learn({ unit: "requests", amount: 600_000, periodMs: 60_000, model: scope.model }, "headers");
    await expect.poll(() => a.limits).toHaveLength(2);
    await server.kill();
    await expect.poll(() => a.isReachable).toBe(false);
    expect(await a.take(one)).toEqual({ type: "changed" });
    a.settle({ ...noWeights, tokens: -4 }, 0);
    a.pause(60_000, "told while it was away");
    await server.start();
    await expect.poll(() => a.isReachable).toBe(true);
    const b = await opened(sharedOn(redis), ofAll({ ...quota, unit: "tokens" }));
    await expect.poll(() => b.target.limits).toMatchObject([{ unit: "tokens", available: 6 }, { unit: "requests" }]);
    await expect.poll(() => b.target.pauseMs).toBeGreaterThan(10_000);
  });

  test("a Redis that answers with errors is away until it does not", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll(quota));
    await redis.set(leases, "of another program");
    expect(await target.take(one)).toEqual({ type: "changed" });
    expect(target.isReachable).toBe(false);
    await redis.del(leases);
    await expect.poll(() => target.isReachable).toBe(true);
    leaseOf(await target.take(one));
  });

  test("what was used beyond a lease counts although the call that told it failed; what was given back by it does not", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll(quota, { ...quota, unit: "tokens" }));
    await redis.set(leases, "of another program");
    target.settle({ ...noWeights, requests: 2, tokens: -4 }, 0);
    expect(await target.take({ ...one, tokens: 1 })).toEqual({ type: "changed" });
    await redis.del(leases);
    await expect.poll(() => target.isReachable).toBe(true);
    await target.take({ ...one, tokens: 1 });
    expect(target.limits).toMatchObject([{ available: 9 }, { available: 5 }]);
  });

  test("what others say on its channel is no news", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll(quota));
    for (const text of ["", "{", "[]", "null", '{"target":7}']) await redis.publish("llmbatch:limit-news", text);
    expect(await target.take(one)).toMatchObject({ type: "lease" });
  });

  test("keys of two prefixes do not meet, and go by themselves", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll(quota));
    leaseOf(await target.take(one));
    const keys = await redis.keys("*");
    expect(keys.toSorted()).toEqual([leases, "llmbatch:limit:*:*:*:requests:86400000"].toSorted());
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
  });
});
