import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadOptions } from "../../src/config/load-options.ts";
import { openCache, openLiveCache } from "../../src/setup/setup.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const warn = (message: string): void => expect.fail(message);

it.each([true, false])(
  "a server's cache is the file of batches, whatever its name; opened when it is used: %s",
  async (isRarelyUsed) => {
    const folder = temporaryFolder();
    const options = loadOptions({ cache_path: join(folder, "answers") }, undefined, {});
    const live = await openLiveCache(options, {}, warn, isRarelyUsed);
    expect(readdirSync(folder).includes("answers")).toBe(!isRarelyUsed);
    await live?.set(keyOf(1), answerOf("{}"));
    await live?.close();
    expect(statSync(join(folder, "answers")).isFile()).toBe(true);
    const cache = await openCache(options, {}, warn);
    expect(await cache?.get(keyOf(1))).toBeDefined();
    await cache?.close();
  },
);

it.skipIf(noRedis !== undefined)(
  "a server's requests do not wait for a shared cache that is away, as a run's answers do",
  async () => {
    const redis = await RedisServer.start();
    const live = await openLiveCache(loadOptions({ cache_path: redis.url }, undefined, {}), {}, warn, false);
    await redis.kill();
    await expect(live?.get(keyOf(1))).rejects.toThrow(`The cache ${redis.url} failed: `);
    await live?.close();
  },
);
