import KeyvRedis from "@keyv/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createKeyvCache, openSharedCache, parseCacheAddress, type SharedStore } from "../../../src/caches/caches.ts";
import { CacheError } from "../../../src/model/errors.ts";
import { answerOf, itIsACacheStore, keyOf, type OpenOptions } from "../../contracts/cache-store.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { noRedis, RedisServer } from "../../support/redis-server.ts";
import { startStallingProxy } from "../../support/stalling-proxy.ts";

if (noRedis !== undefined) console.log(`skipped, because ${noRedis}`);
if (noPostgres !== undefined) console.log(`skipped, because ${noPostgres}`);

const opened: SharedStore[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function open(
  url: string,
  options: OpenOptions & { timeoutMs?: number; maxAwayMs?: number; connectTimeoutMs?: number; isLive?: boolean } = {},
) {
  const warnings: string[] = [];
  const address = parseCacheAddress(url);
  const store = await openSharedCache({ address, onWarning: (warning) => warnings.push(warning), ...options });
  opened.push(store);
  return { store, warnings };
}

describe.skipIf(noRedis !== undefined)("Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.startForAll();
  });
  afterAll(() => server.kill());

  itIsACacheStore(async () => {
    const { store } = await open(server.url);
    await store.clear();
    return { isLasting: true, manyAnswers: 2_000, open: async (options) => (await open(server.url, options)).store };
  });
});

describe.skipIf(noPostgres !== undefined)("Postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());

  itIsACacheStore(async () => {
    const { store } = await open(server.url);
    await store.clear();
    return { isLasting: true, manyAnswers: 2_000, open: async (options) => (await open(server.url, options)).store };
  });

  it("leaves no connection to a server that stands still", async () => {
    const between = await startStallingProxy(Number(new URL(server.url).port));
    onTestFinished(between.close);
    const { store } = await open(server.url.replace(/:\d+\//, `:${between.port}/`), { timeoutMs: 20, maxAwayMs: 100 });
    between.stall();
    await expect(store.set(keyOf(1), answerOf("{}"))).rejects.toThrow(CacheError);
    expect(between.open()).toBeGreaterThan(0);
    await store.close();
    await expect.poll(between.open, { timeout: 10_000 }).toBe(0); // its query would end it after 30 s
  });
});

describe.skipIf(noRedis !== undefined)("a shared cache", () => {
  it("is that of a program with a CacheProvider over the same store", async () => {
    const server = await RedisServer.start();
    const { store } = await open(server.url);
    await store.set(keyOf(1), answerOf('{"n":1.0}'));
    const program = createKeyvCache(new KeyvRedis<string>(server.url));
    expect((await program.get(keyOf(1)))?.body).toBe('{"n":1.0}');
    await program.close();
  });

  it("lets a Redis drop what has expired", async () => {
    const server = await RedisServer.start();
    const { store } = await open(server.url, { ttlMs: 60_000 });
    await store.set(keyOf(1), answerOf("{}"));
    const client = new KeyvRedis<string>(server.url).client;
    await client.connect();
    const [key = ""] = await client.keys("*");
    expect(await client.pTTL(key)).toBeGreaterThan(50_000);
    await client.close();
  });

  it("what is set while the server restarts waits for it, and is stored; both are said once", async () => {
    const server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    const { store, warnings } = await open(server.url);
    await store.set(keyOf(0), answerOf("{}"));
    await server.kill();
    const numbers = Array.from({ length: 100 }, (_, n) => n + 1);
    const sets = Promise.all(numbers.map((n) => store.set(keyOf(n), answerOf(`{"n":${n}}`))));
    const get = store.get(keyOf(0));
    await expect.poll(() => warnings.length).toBe(1);
    await server.start();
    await sets;
    expect((await get)?.body).toBe("{}");
    const found = await Promise.all(numbers.map((n) => store.get(keyOf(n))));
    expect(found.map((answer) => answer?.body)).toEqual(numbers.map((n) => `{"n":${n}}`));
    await expect.poll(() => warnings.length).toBe(2);
    expect(warnings[0]).toMatch(
      /^the cache redis:\/\/127\.0\.0\.1:\d+ does not answer \(.+\): answers wait until it is back; after 60 s/,
    );
    expect(warnings[1]).toMatch(/^the cache redis:\/\/127\.0\.0\.1:\d+ is back$/);
  });

  it("is given up when the server stays away, and then fails at once", async () => {
    const server = await RedisServer.start();
    const { store } = await open(server.url, { maxAwayMs: 300 });
    await server.kill();
    await expect(store.set(keyOf(1), answerOf("{}"))).rejects.toThrow(CacheError);
    await expect(store.get(keyOf(1))).rejects.toThrow(/has not answered for 0 s/);
    await server.start();
    await expect(store.get(keyOf(1))).rejects.toThrow(CacheError);
  });

  it("does not wait for a server that stands still longer than it may, and is the same after it", async () => {
    const server = await RedisServer.start();
    const { store, warnings } = await open(server.url, { timeoutMs: 20 });
    process.kill(server.pid ?? 0, "SIGSTOP");
    const set = store.set(keyOf(1), answerOf("{}"));
    await expect.poll(() => warnings.length).toBe(1);
    expect(warnings[0]).toContain("no answer for 0.");
    process.kill(server.pid ?? 0, "SIGCONT");
    await set;
    expect(await store.get(keyOf(1))).toBeDefined();
  });

  it("is not opened where a server takes connections and stands still", async () => {
    const server = await RedisServer.start();
    process.kill(server.pid ?? 0, "SIGSTOP");
    await expect(open(server.url, { connectTimeoutMs: 300 })).rejects.toThrow(
      /cannot be used: (no answer for 0\.3 s|Connection timeout)/,
    );
    process.kill(server.pid ?? 0, "SIGCONT");
  });

  it("does not call stored what a full server refuses", async () => {
    const server = await RedisServer.start("--maxmemory", "2mb");
    const { store } = await open(server.url, { maxAwayMs: 500 });
    const set = store.set(keyOf(1), answerOf(JSON.stringify("x".repeat(4_000_000))));
    await expect(set).rejects.toThrow(/maxmemory/);
  });

  it("is given up when it takes no writes, though it reads", async () => {
    const server = await RedisServer.start("--maxmemory", "2mb");
    const { store } = await open(server.url, { maxAwayMs: 500 });
    const controller = new AbortController();
    const reading = (async () => {
      while (!controller.signal.aborted) await store.get(keyOf(2));
    })();
    reading.catch(() => undefined);
    await expect(store.set(keyOf(1), answerOf(JSON.stringify("x".repeat(4_000_000))))).rejects.toThrow(/maxmemory/);
    controller.abort();
    await expect(reading).rejects.toThrow(/maxmemory/);
  });

  describe("of a server for live clients", () => {
    it("fails at once while its server is away, warns of nothing itself, and is used again when it is back", async () => {
      const server = await RedisServer.start();
      const { store, warnings } = await open(server.url, { isLive: true });
      await server.kill();
      await expect(store.getStored(keyOf(1))).rejects.toThrow(CacheError);
      await expect(store.set(keyOf(1), answerOf("{}"))).rejects.toThrow(CacheError);
      await server.start();
      const isBack = (): Promise<boolean> => store.set(keyOf(1), answerOf("{}")).then(Boolean.bind(undefined, true), () => false);
      await expect.poll(isBack, { timeout: 30_000 }).toBe(true);
      await expect.poll(() => store.getStored(keyOf(1)).catch(() => undefined), { timeout: 30_000 }).toBeDefined();
      expect(warnings).toEqual([]);
    });

    it("asks a server that stands still once, and no second request waits for it", async () => {
      const server = await RedisServer.start();
      const { store } = await open(server.url, { isLive: true, timeoutMs: 50 });
      process.kill(server.pid ?? 0, "SIGSTOP");
      const failure = await store.getStored(keyOf(1)).catch((error: unknown) => error);
      expect(String(failure)).toContain(`The cache ${server.url} failed: no answer for 0.05 s.`);
      expect(await store.getStored(keyOf(2)).catch((error: unknown) => error)).toBe(failure);
      process.kill(server.pid ?? 0, "SIGCONT");
    });

    it("is read when it takes no writes", async () => {
      const server = await RedisServer.start("--maxmemory", "2mb");
      const { store } = await open(server.url, { isLive: true });
      await store.set(keyOf(1), answerOf("{}"));
      await expect(store.set(keyOf(2), answerOf(JSON.stringify("x".repeat(4_000_000))))).rejects.toThrow(/maxmemory/);
      expect((await store.getStored(keyOf(1)))?.response.body).toBe("{}");
    });
  });

  it("a password is in no message", async () => {
    const server = await RedisServer.start("--requirepass", "pass-word-12345");
    const at = `127.0.0.1:${server.port}`;
    for (const url of [
      `redis://:wrong-word-99@${at}`,
      `redis://user:pass%2Dword-12345@${at}`,
      `redis://${at}`,
      "redis://u:pass-word-12345@127.0.0.1:1",
    ]) {
      const error = await open(url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CacheError);
      expect(String(error)).not.toMatch(/wrong-word|word-1/);
    }
    const { store } = await open(`redis://:pass%2Dword-12345@${at}`);
    await store.set(keyOf(1), answerOf("{}"));
  });
});

describe("parseCacheAddress", () => {
  it.each([
    ["redis://localhost:6379", "redis", "redis://localhost:6379", "localhost", false],
    ["REDISS://u:p@Cache.example/2", "redis", "rediss://cache.example/2", "cache.example", true],
    ["postgres://u:p@db.example/app", "postgres", "postgres://db.example/app", "db.example", false],
    ["postgresql://u:p@db.example/app?sslmode=verify-full", "postgres", "postgresql://db.example/app", "db.example", true],
    ["postgresql://db.example/app?sslmode=no-verify", "postgres", "postgresql://db.example/app", "db.example", false],
    [
      "postgresql://db.example/app?sslmode=require&uselibpqcompat=true",
      "postgres",
      "postgresql://db.example/app",
      "db.example",
      false,
    ],
    ["postgres:///app?host=/var/run/postgresql", "postgres", "postgres:///app", undefined, false],
  ])("%s", (text, kind, shown, hostname, isEncrypted) => {
    expect(parseCacheAddress(text)).toMatchObject({ kind, shown, hostname, isEncrypted, url: text });
  });

  it.each([
    ["redis://", "expected an address such as redis://host:6379"],
    ["redis://:6379", "expected an address such as redis://host:6379"],
    ["redis:///1", "it names no server"],
    ["redis://secret@host:port", "expected an address such as redis://host:6379"],
    ["redis://h?password=secret", "without options"],
    ["postgres://localhost/app?host=elsewhere.example", "the server stands before the database"],
    ["postgres://localhost/app?hostaddr=10.0.0.1", "the server stands before the database"],
    ["redis://u:%zzsecret@h", "its user or password is not encoded"],
  ])("refuses %s", (text, message) => {
    let said = "";
    try {
      parseCacheAddress(text);
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain(message);
    expect(said).not.toContain("secret");
  });
});
