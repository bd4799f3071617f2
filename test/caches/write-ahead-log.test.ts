import { KeyvSqlite } from "@keyv/sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type DiskCache, openDiskCache } from "../../src/caches/disk.ts";
import type { Query } from "../../src/caches/tables.ts";
import { WriteAheadLog } from "../../src/caches/write-ahead-log.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const mebibyte = 1024 * 1024;
const body = JSON.stringify("x".repeat(mebibyte));

async function store(cache: DiskCache, from: number, to: number, atOnce = 8): Promise<void> {
  let next = from;
  const storeNext = async (): Promise<void> => {
    while (next < to) await cache.set(keyOf(next++), answerOf(body));
  };
  await Promise.all(Array.from({ length: atOnce }, storeNext));
}

/** Of 40 at once, the last make a second group, which waits at SQLite while the first is written. */
test.each([8, 40])(
  "what is written, %i at once, goes from the log into the database meanwhile, and the log starts again",
  async (atOnce) => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    const logBytes = (): number => statSync(`${path}-wal`).size;
    let stored = 0;
    // A slow disk takes its time to move what the log holds, which grows meanwhile.
    do await store(cache, stored, (stored += 320), atOnce);
    while (logBytes() > 0.6 * stored * mebibyte && stored < 1600);
    expect(logBytes()).toBeLessThan(0.6 * stored * mebibyte);
    expect(statSync(path).size).toBeGreaterThan(0.4 * stored * mebibyte);
    await cache.close();
    expect(statSync(path).size).toBeGreaterThan(stored * mebibyte);
  },
);

test("a log that another process reads from grows, and is moved once that has ended", async () => {
  const path = join(temporaryFolder(), "cache.sqlite");
  const cache = await openDiskCache({ path });
  await store(cache, 0, 8);
  const reader = new KeyvSqlite(path);
  await reader.query("BEGIN");
  expect(await reader.query("SELECT count(*) AS rows FROM llmbatch_answers_1")).toEqual([{ rows: 8 }]);
  await store(cache, 8, 168);
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(160 * mebibyte);
  expect(await reader.query("SELECT count(*) AS rows FROM llmbatch_answers_1")).toEqual([{ rows: 8 }]);
  await reader.query("COMMIT");
  await store(cache, 168, 320);
  await expect.poll(() => statSync(path).size, { timeout: 10_000 }).toBeGreaterThan(168 * mebibyte);
  expect((await cache.stats()).entries).toBe(320);
  await reader.close();
  await cache.close();
});

/** The log of an empty database, and in what order it is moved, on which connection, and synced. */
async function recordedLog(sync: () => Promise<void>) {
  const done: string[] = [];
  const connect = async (name: string): Promise<{ query: Query; disconnect: () => Promise<void> }> => {
    const connection = new KeyvSqlite(path);
    await connection.query("PRAGMA journal_mode = WAL");
    const query: Query = async (sql, parameters = []) => {
      if (sql.includes("checkpoint")) done.push(`${name} moves`);
      return connection.query(sql, parameters);
    };
    return { query, disconnect: () => connection.close() };
  };
  const path = join(temporaryFolder(), "cache.sqlite");
  const writer = await connect("writer");
  const log = new WriteAheadLog({
    query: writer.query,
    connect: () => connect("other"),
    sync: async () => {
      done.push("sync");
      await sync();
    },
  });
  onTestFinished(async () => {
    await log.close();
    await writer.disconnect();
  });
  return { log, done };
}

test("answers wait for the disk only while the little is moved that came since the rest was synced", async () => {
  const { log, done } = await recordedLog(async () => undefined);
  await log.grewBy(64 * mebibyte);
  await expect.poll(() => done.length).toBe(4);
  await new Promise(setImmediate);
  await log.grewBy(1);
  expect(done).toEqual(["other moves", "sync", "other moves", "sync", "writer moves"]);
  await log.grewBy(64 * mebibyte - 1);
  expect(done).toHaveLength(5);
});

test("a database that cannot be synced on its own is moved all the same", async () => {
  const { log, done } = await recordedLog(() => Promise.reject(new Error("EACCES")));
  await log.grewBy(64 * mebibyte);
  await expect.poll(() => done.length).toBe(2);
  await new Promise(setImmediate);
  await log.grewBy(1);
  expect(done).toEqual(["other moves", "sync", "writer moves"]);
});
