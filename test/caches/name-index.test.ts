import { KeyvSqlite } from "@keyv/sqlite";
import { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AnswerTable } from "../../src/caches/answer-table.ts";
import { openDiskCache } from "../../src/caches/disk.ts";
import { createTables, type Query } from "../../src/caches/tables.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const mostRecentNames = 16_384;

/** What one process has open. */
async function connect(path: string, wrap: (query: Query) => Query = (query) => query) {
  const store = new KeyvSqlite({ uri: path, busyTimeout: 5000 });
  onTestFinished(() => store.close());
  await store.query("PRAGMA journal_mode = WAL");
  const query: Query = (sql, parameters = []) => store.query(sql, parameters);
  await createTables(query);
  const table = new AnswerTable(wrap(query));
  const count = async (what: string): Promise<number> =>
    Number((await query(`SELECT count(*) AS rows FROM ${what}`))[0]?.["rows"]);
  return {
    query,
    table,
    write: (numbers: readonly number[], text = "{}") => table.write(numbers.map((n) => ({ key: keyOf(n), texts: [text] }))),
    found: async (numbers: readonly number[]) =>
      (await table.read(numbers.map(keyOf))).filter((text) => text !== undefined).length,
    merged: () => count("llmbatch_names_1 WHERE typeof(start) = 'text'"),
    recent: () => count("temp.recent_names"),
    answers: () => count("llmbatch_answers_1"),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

describe("the index of names", () => {
  it("gathers names in memory, and merges them into the database when there are many", async () => {
    const { table, write, found, merged, recent } = await connect(join(temporaryFolder(), "cache.sqlite"));
    await write(range(0, 10_000));
    await table.idle();
    expect(await merged()).toBe(0);
    expect(await found(range(0, 10_000))).toBe(10_000);
    expect(await recent()).toBe(10_000);
    await write(range(10_000, mostRecentNames));
    await table.idle();
    expect(await merged()).toBe(mostRecentNames);
    expect(await recent()).toBe(0);
    await write(range(20_000, 20_005));
    expect(await found([...range(0, mostRecentNames), ...range(20_000, 20_010)])).toBe(mostRecentNames + 5);
  });

  it("merges what processes left that ended before they had many", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const first = await connect(path);
    await first.write(range(0, mostRecentNames - 1));
    await first.table.idle();
    const second = await connect(path);
    await second.write([mostRecentNames]);
    await second.table.idle();
    expect(await second.merged()).toBe(mostRecentNames);
  });

  it("lets a process that others merge for forget what they have merged", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const [one, other] = [await connect(path), await connect(path)];
    await one.write(range(0, 100));
    expect(await other.found(range(0, 100))).toBe(100);
    await one.table.deleteReplaced();
    await one.write(range(100, 130));
    expect(await other.found(range(0, 200))).toBe(130);
    expect([await other.recent(), await one.merged()]).toEqual([30, 100]);
  });

  it("finds the later answer of a name that was written again while the first was gathered", async () => {
    const gathering = new EventEmitter();
    let isHeld = false;
    const { table, write } = await connect(join(temporaryFolder(), "cache.sqlite"), (query) => async (sql, parameters) => {
      const rows = await query(sql, parameters);
      if (isHeld && sql.includes("INTO temp.recent_names")) {
        gathering.emit("begun");
        await once(gathering, "go on");
      }
      return rows;
    });
    await table.read([keyOf(0)]);
    await write([1], '"first"');
    isHeld = true;
    const reading = table.read([keyOf(1)]);
    await once(gathering, "begun");
    isHeld = false;
    await write([1], '"second"');
    gathering.emit("go on");
    await reading;
    expect(await table.read([keyOf(1)])).toEqual(['"second"']);
  });

  it("loses nothing when merging fails, and merges later", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let isFull = true;
    const { table, write, found, merged } = await connect(path, (query) => async (sql, parameters) => {
      if (isFull && sql.includes("INTO llmbatch_names_1")) throw new Error("the disk is full");
      return query(sql, parameters);
    });
    await write(range(0, mostRecentNames));
    await table.idle();
    expect([await merged(), await found(range(0, mostRecentNames))]).toEqual([0, mostRecentNames]);
    isFull = false;
    await write([mostRecentNames]);
    await table.idle();
    expect([await merged(), await found(range(0, mostRecentNames + 1))]).toEqual([mostRecentNames + 1, mostRecentNames + 1]);
  });

  it("deletes what was replaced, however often, whether its name had been merged or not", async () => {
    const { table, write, merged, recent, answers } = await connect(join(temporaryFolder(), "cache.sqlite"));
    await write([1, 2, 3], '"first"');
    await table.deleteReplaced();
    await write([2], '"second"');
    await write([2, 3, 3, 4, 4], '"third"');
    expect(await table.read([1, 2, 3, 4].map(keyOf))).toEqual(['"first"', '"third"', '"third"', '"third"']);
    expect(await answers()).toBe(9);
    await table.deleteReplaced();
    expect(await table.read([1, 2, 3, 4].map(keyOf))).toEqual(['"first"', '"third"', '"third"', '"third"']);
    expect([await answers(), await merged(), await recent()]).toEqual([4, 4, 0]);
  });

  it("tells names apart whose starts are the same", async () => {
    const { table, answers } = await connect(join(temporaryFolder(), "cache.sqlite"));
    const names = ["a", "b", "c"].map((letter) => `the same start ${letter}`);
    await table.write(names.slice(0, 2).map((key) => ({ key, texts: [key] })));
    for (const _ of ["recent", "merged"]) {
      expect(await table.read([...names, "the same"])).toEqual([names[0], names[1], undefined, undefined]);
      await table.deleteReplaced();
      expect(await answers()).toBe(2);
    }
  });
});

describe("a disk cache whose answers are deleted", () => {
  it("does not take an answer for one whose place it had", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let now = 1_800_000_000_000;
    const cache = await openDiskCache({ path, now: () => now });
    await Promise.all(range(0, 50).map((n) => cache.set(keyOf(n), answerOf(`${n}`))));
    now += 1000;
    expect(await cache.prune({ olderThanMs: 500 })).toBe(50);
    await cache.set(keyOf(60), answerOf("60"));
    for (const reader of [cache, await openDiskCache({ path, now: () => now })]) {
      expect((await reader.get(keyOf(60)))?.body).toBe("60");
      expect(await reader.get(keyOf(49))).toBeUndefined();
      await reader.close();
    }
  });

  it("finds what was stored last, whatever two processes do to it", async () => {
    const key = integer({ min: 0, max: 5 });
    const deed = record({
      who: constantFrom(0, 1),
      what: constantFrom("set", "set", "set", "reopen", "stats", "prune", "clear"),
      key,
    });
    await assert(
      asyncProperty(array(deed, { maxLength: 25 }), async (deeds) => {
        const path = join(temporaryFolder(), "cache.sqlite");
        let now = 1_800_000_000_000;
        const open = () => openDiskCache({ path, now: () => now });
        const caches = [await open(), await open()];
        const counts: [actual: number, expected: number][] = [];
        const expected = new Map<number, { body: string; storedAt: number }>();
        for (const { who, what, key: n } of deeds) {
          now += 1000;
          let cache = caches[who] ?? (await open());
          if (what === "set") {
            expected.set(n, { body: `"${now}"`, storedAt: now });
            await cache.set(keyOf(n), answerOf(`"${now}"`));
          }
          if (what === "reopen") {
            await cache.close();
            cache = caches[who] = await open();
          }
          if (what === "stats") counts.push([(await cache.stats()).entries, expected.size]);
          if (what === "prune") {
            const old = [...expected].filter(([, { storedAt }]) => storedAt <= now - 4000);
            counts.push([await cache.prune({ olderThanMs: 4000 }), old.length]);
            for (const [gone] of old) expected.delete(gone);
          }
          if (what === "clear") {
            await cache.clear();
            expected.clear();
          }
          for (const reader of caches) {
            const bodies = (await Promise.all(range(0, 6).map((number) => reader.get(keyOf(number))))).map(
              (answer) => answer?.body,
            );
            expect(bodies).toEqual(range(0, 6).map((number) => expected.get(number)?.body));
            const many = (await reader.getMany(range(0, 6).map(keyOf))).map((answer) => answer?.body);
            expect(many).toEqual(bodies.slice(0, many.length));
          }
        }
        expect(counts.map(([actual]) => actual)).toEqual(counts.map(([, right]) => right));
        for (const cache of caches) await cache.close();
      }),
      { numRuns: 30 },
    );
  });
});
