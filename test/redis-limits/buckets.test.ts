import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SharedBucket, sharedPaceOf } from "../../src/limiters/limiters.ts";
import { noWeights, type RateLimit } from "../../src/model/rate-limit.ts";
import { ofAll, opened } from "../contracts/shared-limits.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { connected, sharedOn } from "./shared.ts";

const horizonMs = 200;

/** A token bucket, in JavaScript. */
class Model {
  readonly #bucket: SharedBucket;
  level: number;
  #atMs = Infinity;

  constructor(limit: RateLimit) {
    const pace = sharedPaceOf(limit);
    if (pace.kind !== "pace") throw new Error("a pace is meant");
    this.#bucket = pace;
    this.level = pace.first;
  }

  flow(nowMs: number): void {
    this.add(Math.max(0, nowMs - this.#atMs) * this.#bucket.perMs);
    this.#atMs = nowMs;
  }

  add(weight: number): void {
    this.level = Math.min(this.#bucket.capacity, this.level + weight);
  }

  waitMs(weight: number): number {
    const { capacity, spare, perMs } = this.#bucket;
    return Math.max(0, (Math.min(capacity, weight + spare) - this.level) / perMs);
  }

  get rejectedMs(): number {
    const { spare, perMs } = this.#bucket;
    return Math.max(0, (spare - this.level) / perMs - horizonMs);
  }
}

const requests = fc.integer({ min: 1, max: 10 });
const tokens = fc.integer({ min: 1, max: 8_000 });
const unused = fc.integer({ min: -2_000, max: 2_000 });

/** Times are written to the microsecond. */
const digits = 1;

describe.skipIf(noRedis !== undefined)(`buckets in Redis ${noRedis ?? ""}`, () => {
  test("two paces together do what a model of them does, at the times that Redis notes", async () => {
    const redis = connected(await RedisServer.start());
    const limits = sharedOn(redis);
    const paced: readonly RateLimit[] = [
      { unit: "requests", amount: 6_000, periodMs: 60_000, burst: 20 },
      { unit: "tokens", amount: 900_000, periodMs: 60_000 },
    ];
    const keys = paced.map(({ unit }) => `llmbatch:limit:*:*:*:${unit}:60000`);
    const tally = { lease: 0, rejected: 0, changed: 0 };
    const property = fc.asyncProperty(
      fc.array(fc.record({ requests, tokens, unused }), { minLength: 1, maxLength: 12 }),
      async (steps) => {
        await redis.flushdb();
        const models = paced.map((limit) => new Model(limit));
        const { target } = await opened(limits, ofAll(...paced));
        const keptLevels = async (): Promise<number[]> => {
          const kept = await Promise.all(keys.map((key) => redis.hmget(key, "level", "atMs")));
          for (const [index, [, atMs]] of kept.entries()) models[index]?.flow(Number(atMs));
          return kept.map(([level]) => Number(level));
        };
        await keptLevels();
        for (const step of steps) {
          target.settle({ ...noWeights, tokens: step.unused }, 0);
          const taken = await target.take({ ...noWeights, requests: step.requests, tokens: step.tokens });
          const levels = await keptLevels();
          models[1]?.add(step.unused);
          const rejectedMs = Math.max(...models.map((model) => model.rejectedMs));
          const weights = [step.requests, step.tokens];
          tally[taken.type] += 1;
          const waitMs = Math.max(...models.map((model, index) => model.waitMs(weights[index] ?? 0)));
          const timeMs = expect.closeTo(rejectedMs > 0 ? rejectedMs : waitMs, digits);
          expect(taken).toMatchObject(
            rejectedMs > 0 ? { type: "rejected", retryInMs: timeMs } : { type: "lease", lease: { startsInMs: timeMs } },
          );
          if (taken.type === "lease") for (const [index, model] of models.entries()) model.add(-(weights[index] ?? 0));
          for (const [index, model] of models.entries()) expect(levels[index]).toBeCloseTo(model.level, digits);
        }
        target.close();
      },
    );
    await fc.assert(property, { numRuns: 40 });
    expect(tally).toMatchObject({ changed: 0 });
    expect(Math.min(tally.lease, tally.rejected)).toBeGreaterThan(20);
  });

  test("a quota lets through what is left of it, whatever was taken and given back", async () => {
    const redis = connected(await RedisServer.start());
    const limits = sharedOn(redis);
    const amount = 20_000;
    const property = fc.asyncProperty(fc.array(fc.record({ tokens, unused }), { maxLength: 12 }), async (steps) => {
      await redis.flushdb();
      const { target } = await opened(limits, ofAll({ unit: "tokens", amount, periodMs: 7 * 86_400_000 }));
      let used = 0;
      for (const step of steps) {
        used -= step.unused;
        target.settle({ ...noWeights, tokens: step.unused }, 0);
        const { type } = await target.take({ ...noWeights, requests: 1, tokens: step.tokens });
        expect(type).toBe(step.tokens <= amount - used ? "lease" : "rejected");
        if (type === "lease") used += step.tokens;
        expect(target.limits[0]?.available).toBe(amount - used);
      }
      target.close();
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("what a quota had is there again when its period is over, piece by piece", async () => {
    const redis = connected(await RedisServer.start());
    const { target } = await opened(sharedOn(redis), ofAll({ unit: "requests", amount: 10, periodMs: 86_400_000 }));
    const key = "llmbatch:limit:*:*:*:requests:86400000";
    const [seconds] = await redis.time();
    const piece = Math.floor(Number(seconds) / 864);
    await redis.hset(key, { [piece - 101]: 5, [piece - 100]: 7, [piece - 1]: 3 });
    const rejected = await target.take({ ...noWeights, requests: 6 });
    expect(rejected).toMatchObject({ type: "rejected", unit: "requests" });
    expect(rejected.type === "rejected" && rejected.retryInMs).toBeLessThanOrEqual(2 * 864_000);
    expect(await redis.hkeys(key)).not.toContain(String(piece - 101));
    expect(target.limits[0]?.available).toBe(0);
  });
});
