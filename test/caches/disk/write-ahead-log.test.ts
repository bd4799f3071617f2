import { KeyvSqlite } from "@keyv/sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DiskStore, openDiskCache } from "../../../src/caches/caches.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const kibibyte = 1024;
const body = JSON.stringify("x".repeat(64 * kibibyte));
const checkpointBytes = 1024 * kibibyte;

async function store(cache: DiskStore, from: number, to: number): Promise<void> {
  let next = from;
  const storeNext = async (): Promise<void> => {
    while (next < to) await cache.set(keyOf(next++), answerOf(body));
  };
  await Promise.all(Array.from({ length: 8 }, storeNext));
}

test("what is written goes from the log into the database from time to time, and the log starts again", async () => {
  const path = join(temporaryFolder(), "cache.sqlite");
  const cache = await openDiskCache({ path, checkpointBytes });
  await store(cache, 0, 64);
  expect(statSync(`${path}-wal`).size).toBeLessThan(2048 * kibibyte);
  expect(statSync(path).size).toBeGreaterThan(2048 * kibibyte);
  await cache.close();
  expect(statSync(path).size).toBeGreaterThan(4096 * kibibyte);
});

test("a log that another process reads from grows, and is moved once that has ended", async () => {
  const path = join(temporaryFolder(), "cache.sqlite");
  const cache = await openDiskCache({ path, checkpointBytes });
  await store(cache, 0, 8);
  const reader = new KeyvSqlite(path);
  await reader.query("BEGIN");
  expect(await reader.query("SELECT count(*) AS rows FROM keyv")).toEqual([{ rows: 8 }]);
  await store(cache, 8, 64);
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(3584 * kibibyte);
  expect(await reader.query("SELECT count(*) AS rows FROM keyv")).toEqual([{ rows: 8 }]);
  await reader.query("COMMIT");
  await store(cache, 64, 72);
  expect(statSync(path).size).toBeGreaterThan(4096 * kibibyte);
  expect((await cache.stats()).entries).toBe(72);
  await reader.close();
  await cache.close();
});
