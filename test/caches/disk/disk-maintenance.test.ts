import { KeyvSqlite } from "@keyv/sqlite";
import { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDiskCache } from "../../../src/caches/disk/open-disk-cache.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const body = JSON.stringify({ text: "x".repeat(2000) });
const day = 24 * 60 * 60 * 1000;

describe("looking after the disk cache", () => {
  it("counts answers, expired ones, bytes and their age", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let now = Date.now();
    const start = now;
    const forever = await openDiskCache({ path, now: () => now });
    expect(await forever.stats()).toMatchObject({
      path,
      entries: 0,
      expired: 0,
      oldestStoredAt: undefined,
      newestStoredAt: undefined,
    });
    for (const n of [1, 2, 3]) await forever.set(keyOf(n), answerOf(body));
    now += day;
    const daily = await openDiskCache({ path, now: () => now, ttlMs: day });
    for (const n of [4, 5]) await daily.set(keyOf(n), answerOf(body));
    now += day;
    await forever.set(keyOf(6), answerOf(body));
    expect(await forever.stats()).toMatchObject({
      entries: 6,
      expired: 2,
      oldestStoredAt: start,
      newestStoredAt: start + 2 * day,
    });
    expect(await daily.stats()).toMatchObject({ entries: 6, expired: 5 });
    await daily.close();
    await forever.close();
    const reader = await openDiskCache({ path, readOnly: true });
    expect((await reader.stats()).bytes).toBe(statSync(path).size);
    await reader.close();
  });

  it("keeps notes beside the answers until it is pruned or cleared", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const writer = await openDiskCache({ path });
    await writer.set(keyOf(1), answerOf(body));
    await writer.setNote("a", 'of "two"\nlines');
    await writer.setNote("a", "anew");
    await writer.setNote("b", "another");
    await writer.close();
    const reader = await openDiskCache({ path });
    expect([await reader.getNote("a"), await reader.getNote("b"), await reader.getNote("c")]).toEqual([
      "anew",
      "another",
      undefined,
    ]);
    expect(await reader.stats()).toMatchObject({ entries: 1 });
    expect(await reader.get("a")).toBeUndefined();
    expect(await reader.prune()).toBe(0);
    expect(await reader.getNote("a")).toBeUndefined();
    expect(await found(reader)).toEqual([1]);
    await reader.setNote("a", "once more");
    await reader.clear();
    expect(await reader.getNote("a")).toBeUndefined();
    await reader.close();
  });

  it("removes what has expired, and what is older than asked", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let now = Date.now();
    const forever = await openDiskCache({ path, now: () => now });
    const daily = await openDiskCache({ path, now: () => now, ttlMs: day });
    await forever.set(keyOf(1), answerOf(body));
    await daily.set(keyOf(2), answerOf(body));
    now += day;
    await forever.set(keyOf(3), answerOf(body));
    await daily.set(keyOf(4), answerOf(body));
    expect(await forever.prune()).toBe(1);
    expect(await found(forever)).toEqual([1, 3, 4]);
    expect(await forever.prune()).toBe(0);
    expect(await forever.prune({ olderThanMs: day + 1 })).toBe(0);
    expect(await forever.prune({ olderThanMs: day })).toBe(1);
    expect(await found(forever)).toEqual([3, 4]);
    await daily.close();
    await forever.close();
  });

  it("makes the file smaller", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let now = Date.now();
    const cache = await openDiskCache({ path, now: () => now });
    await Promise.all(Array.from({ length: 1000 }, (_, n) => cache.set(keyOf(n), answerOf(body))));
    now += day;
    await Promise.all(Array.from({ length: 100 }, (_, n) => cache.set(keyOf(n + 1000), answerOf(body))));
    expect((await cache.stats()).bytes).toBeGreaterThan(2_000_000);
    expect(await cache.prune({ olderThanMs: day })).toBe(1000);
    expect((await cache.stats()).bytes).toBeLessThan(600_000);
    expect(statSync(path).size).toBeLessThan(600_000);
    await cache.close();
  });

  it("clears all answers, of earlier versions too, and nothing else that is in the file", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    for (const n of [1, 2]) await cache.set(keyOf(n), answerOf(body));
    const database = new KeyvSqlite(path);
    for (const key of ["llmbatch-notes-1:a", "keyv:c", "llmbatch", "other"]) await database.set(key, "{}");
    for (const table of ["llmbatch_answers_1", "llmbatch_names_1", "others"]) {
      await database.query(`CREATE TABLE ${table} (name TEXT)`);
      await database.query(`INSERT INTO ${table} VALUES ('a')`);
    }
    expect((await cache.stats()).entries).toBe(2);
    expect(await cache.clear()).toBe(3);
    const left = await database.query("SELECT key FROM keyv ORDER BY key");
    expect(left).toEqual([{ key: "keyv:c" }, { key: "llmbatch" }, { key: "other" }]);
    const tables = await database.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    expect(tables).toEqual([{ name: "keyv" }, { name: "others" }]);
    expect(await database.query("SELECT * FROM others")).toEqual([{ name: "a" }]);
    expect((await cache.stats()).entries).toBe(0);
    await cache.set(keyOf(1), answerOf("{}"));
    expect(await found(cache)).toEqual([1]);
    await database.close();
    await cache.close();
  });

  it("counts and removes damaged rows without stumbling over them", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    const start = Date.now();
    await cache.set(keyOf(1), answerOf(body));
    const database = new KeyvSqlite(path);
    for (const [n, value] of ["", "x", Buffer.from("{}"), '{"value":'].entries()) {
      await database.query("INSERT INTO keyv VALUES (?, ?)", [`keyv:${keyOf(n + 2)}`, value]);
    }
    await database.close();
    const stats = await cache.stats();
    expect(stats).toMatchObject({ entries: 5, expired: 0 });
    expect(stats.oldestStoredAt).toBeGreaterThanOrEqual(start);
    expect(await cache.prune({ olderThanMs: day })).toBe(4);
    expect(await found(cache)).toEqual([1]);
    await cache.close();
  });
});

it("two caches on one file find what was stored last, whatever is done to them", async () => {
  const action = constantFrom("set", "set", "set", "reopen", "stats", "prune", "clear");
  const step = record({ cacheIndex: constantFrom(0, 1), action, n: integer({ min: 0, max: 5 }) });
  await assert(
    asyncProperty(array(step, { maxLength: 25 }), async (steps) => {
      const path = join(temporaryFolder(), "cache.sqlite");
      let now = 1_800_000_000_000;
      const open = () => openDiskCache({ path, now: () => now });
      const caches = [await open(), await open()];
      const expected = new Map<number, number>();
      const counts: [actual: number, expected: number][] = [];
      for (const { cacheIndex, action: what, n } of steps) {
        now += 1000;
        const cache = caches[cacheIndex] ?? (await open());
        if (what === "set") {
          expected.set(n, now);
          await cache.set(keyOf(n), answerOf(`${now}`));
        }
        if (what === "reopen") await cache.close().then(async () => (caches[cacheIndex] = await open()));
        if (what === "stats") counts.push([(await cache.stats()).entries, expected.size]);
        if (what === "prune") {
          const old = [...expected].filter(([, storedAt]) => storedAt <= now - 4000);
          counts.push([await cache.prune({ olderThanMs: 4000 }), old.length]);
          for (const [gone] of old) expected.delete(gone);
        }
        if (what === "clear") {
          counts.push([await cache.clear(), expected.size]);
          expected.clear();
        }
        const numbers = [0, 1, 2, 3, 4, 5];
        const bodies = numbers.map((number) => expected.get(number)?.toString());
        for (const reader of caches) {
          const one = await Promise.all(numbers.map((number) => reader.get(keyOf(number))));
          const many = await reader.getMany(numbers.map(keyOf));
          expect([one, many].map((answers) => answers.map((answer) => answer?.body))).toEqual([bodies, bodies]);
        }
      }
      expect(counts.map(([actual]) => actual)).toEqual(counts.map(([, right]) => right));
      for (const cache of caches) await cache.close();
    }),
    { numRuns: 20 },
  );
});

async function found(cache: Awaited<ReturnType<typeof openDiskCache>>): Promise<number[]> {
  const numbers = [1, 2, 3, 4, 5, 6];
  const answers = await Promise.all(numbers.map((n) => cache.get(keyOf(n))));
  return numbers.filter((_, index) => answers[index] !== undefined);
}
