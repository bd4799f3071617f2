import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { noRedis, RedisServer } from "./redis-server.ts";

it.skipIf(noRedis !== undefined)("the tests' Redis keeps over a kill what it was told to keep", async () => {
  const server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  redis.on("error", () => {});
  await redis.set("a", "1");
  await server.kill();
  await server.start();
  expect(await redis.get("a")).toBe("1");
});
