import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { createRedisLimits } from "../../src/redis-limits/redis-limits.ts";
import type { SharedLimits } from "../../src/limiters/limiters.ts";
import type { RedisServer } from "../support/redis-server.ts";

/** A connection that is gone when the test is over. */
export function connected(server: RedisServer): Redis {
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on("error", () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** The limits of one process. @param prefix Of its keys. */
export function sharedOn(redis: Redis, prefix?: string): SharedLimits {
  const limits = createRedisLimits(redis, prefix === undefined ? {} : { prefix });
  onTestFinished(() => limits.close());
  return limits;
}
