import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { noUsage } from "../support/usage.ts";
import { createKeyvCache } from "../../src/caches/keyv.ts";
import { CacheError } from "../../src/model/errors.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { deferred } from "../support/deferred.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A store as drivers of databases are: a test says what its calls do. */
class Store extends EventEmitter {
  opts = {};
  readonly calls: string[] = [];
  get = async (): Promise<undefined> => undefined;
  set = async (): Promise<unknown> => true;
  delete = async (): Promise<boolean> => true;
  clear = async (): Promise<void> => undefined;
  disconnect = async (): Promise<void> => {
    this.calls.push("disconnect");
  };
}

describe("createKeyvCache", () => {
  it("keeps to the namespace, serialization and compression of the Keyv it is given", async () => {
    const map = new Map<string, unknown>();
    const compression = {
      compress: async (value: unknown) => gzipSync(JSON.stringify(value)).toString("base64"),
      decompress: async (value: string) => JSON.parse(gunzipSync(Buffer.from(value, "base64")).toString()),
    };
    const cache = createKeyvCache(new Keyv({ store: map, namespace: "mine", compression }));
    await cache.set(keyOf(1), answerOf('{"n":9223372036854775807}'));
    expect((await cache.get(keyOf(1)))?.body).toBe('{"n":9223372036854775807}');
    expect([...map.keys()]).toEqual([`mine:${keyOf(1)}`]);
  });

  it("tells the store how long to keep an answer", async () => {
    const map = new Map<string, string>();
    const before = Date.now();
    await createKeyvCache(map, { ttlMs: 5000 }).set(keyOf(1), answerOf("{}"));
    const [stored = ""] = map.values();
    expect(JSON.parse(stored).expires).toBeGreaterThanOrEqual(before + 5000);
  });

  it.each([
    ["a string", "text"],
    ["a number", 5],
    ["an array", [1]],
    ["an answer without a body", { storedAt: 1, statusCode: 200, requestId: "", usage: noUsage }],
    ["a body that is no text", { storedAt: 1, statusCode: 200, requestId: "", usage: noUsage, body: {} }],
    ["a status that is no success", { storedAt: 1, statusCode: 500, requestId: "", usage: noUsage, body: "{}" }],
    ...[null, 5, { tier: "free" }, { reportedCostUsd: -1 }, { reportedCostUsd: 1e9 }, { inputAudioTokens: 0.5 }].map(
      (billing): [string, unknown] => [
        `billing of another shape, ${JSON.stringify(billing)}`,
        { storedAt: 1, statusCode: 200, requestId: "", usage: { ...noUsage, billing }, body: "{}" },
      ],
    ),
    ["usage of another shape", { storedAt: 1, statusCode: 200, requestId: "", usage: { total: 1 }, body: "{}" }],
  ])("counts a value that is no answer as missing: %s", async (_, value) => {
    const keyv = new Keyv();
    await keyv.set(keyOf(1), value);
    const cache = createKeyvCache(keyv);
    expect(await cache.get(keyOf(1))).toBeUndefined();
    await cache.set(keyOf(1), answerOf("{}"));
    expect(await cache.get(keyOf(1))).toEqual(answerOf("{}"));
  });

  it("reads what an earlier version stored, which knew less of usage", async () => {
    const keyv = new Keyv();
    const { cacheWriteTokens: _, ...usage } = noUsage;
    await keyv.set(keyOf(1), { storedAt: 1, statusCode: 200, requestId: "", usage, body: "{}" });
    expect(await createKeyvCache(keyv).get(keyOf(1))).toStrictEqual({
      statusCode: 200,
      requestId: "",
      usage: noUsage,
      body: "{}",
    });
  });

  it.each(["", "no JSON", '{"value":', "null", "5"])("counts text that Keyv did not write as missing: %j", async (text) => {
    const cache = createKeyvCache(new Keyv({ store: new Map([[`keyv:${keyOf(1)}`, text]]) }));
    expect(await cache.get(keyOf(1))).toBeUndefined();
  });

  it("throws what Keyv would swallow: a failing get, a failing set, a set that was refused", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    store.get = () => Promise.reject(new Error("connection lost"));
    await expect(cache.get(keyOf(1))).rejects.toThrow(
      new CacheError("The cache, a Keyv store, cannot be read: connection lost."),
    );
    store.set = () => Promise.reject(new Error("no space"));
    await expect(cache.set(keyOf(1), answerOf("{}"))).rejects.toThrow(/cannot be written: no space/);
    store.set = async () => false;
    await expect(cache.set(keyOf(1), answerOf("{}"))).rejects.toThrow(/the store refused the value/);
  });

  it("throws what a store only calls out while the call seems to succeed, and forgets it afterwards", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    store.get = async () => void store.emit("error", new Error("timed out"));
    await expect(cache.get(keyOf(1))).rejects.toThrow(/cannot be read: timed out/);
    store.set = async () => void store.emit("error", new Error("timed out"));
    await expect(cache.set(keyOf(1), answerOf("{}"))).rejects.toThrow(/cannot be written: timed out/);
    store.get = async () => undefined;
    expect(await cache.get(keyOf(1))).toBeUndefined();
  });

  it("takes what one call throws, and the store calls out, for no error of another that is in flight", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    const gate = deferred<undefined>();
    store.get = () => gate.promise;
    const get = cache.get(keyOf(1));
    store.set = async () => {
      const error = new Error("no space");
      store.emit("error", error);
      throw error;
    };
    const set = cache.set(keyOf(1), answerOf("{}"));
    gate.resolve(undefined);
    await expect(set).rejects.toThrow(/no space/);
    expect(await get).toBeUndefined();
  });

  it("forgets what a store called out when the calls of that time have ended, though others are in flight", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    const gates = [deferred<undefined>(), deferred<undefined>()];
    let calls = 0;
    store.get = () => gates[calls++]?.promise ?? Promise.resolve(undefined);
    const first = cache.get(keyOf(1));
    store.emit("error", new Error("timed out"));
    const second = cache.get(keyOf(2));
    gates[0]?.resolve(undefined);
    await expect(first).rejects.toThrow(/timed out/);
    expect(await cache.get(keyOf(3))).toBeUndefined();
    gates[1]?.resolve(undefined);
    expect(await second).toBeUndefined();
  });

  it("keeps the credentials of a database's URL out of its messages", async () => {
    const store = new Store();
    store.get = () => Promise.reject(new Error("cannot reach redis://user:hunter2@host:6379/0"));
    const error = await createKeyvCache(store)
      .get(keyOf(1))
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("redis://[secret]@host:6379/0");
    expect(String(error)).not.toMatch(/hunter2|user/);
  });

  it("says so when a database cannot be opened", async () => {
    const cache = createKeyvCache(new KeyvSqlite(`${temporaryFolder()}/missing/folder/a.sqlite`));
    await expect(cache.get(keyOf(1))).rejects.toThrow(/cannot be read: SQLITE_CANTOPEN/);
    await expect(cache.set(keyOf(1), answerOf("{}"))).rejects.toThrow(CacheError);
  });

  it("disconnects the store only when what is in flight has ended", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    store.get = async () => {
      await setImmediate();
      store.calls.push("get");
      return undefined;
    };
    const get = cache.get(keyOf(1));
    await cache.close();
    await get;
    expect(store.calls).toEqual(["get", "disconnect"]);
  });

  it("disconnects the store once, and says when that fails", async () => {
    const store = new Store();
    const cache = createKeyvCache(store);
    await cache.close();
    await cache.close();
    expect(store.calls).toEqual(["disconnect"]);
    const failing = new Store();
    failing.disconnect = () => Promise.reject(new Error("busy"));
    await expect(createKeyvCache(failing).close()).rejects.toThrow(/cannot be closed: busy/);
  });
});
