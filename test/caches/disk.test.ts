import { KeyvSqlite } from "@keyv/sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openDiskCache } from "../../src/caches/disk.ts";
import { CacheError } from "../../src/model/errors.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("openDiskCache", () => {
  it("keeps the last of several answers that are stored under one key at once", async () => {
    const cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
    await Promise.all([1, 2, 3].map((version) => cache.set(keyOf(1), answerOf(`{"version":${version}}`))));
    expect((await cache.get(keyOf(1)))?.body).toBe('{"version":3}');
    await cache.close();
  });

  it("gives a new file pages of 8 KB, and leaves those of a file that is in use as they are", async () => {
    const folder = temporaryFolder();
    const pageSizes: unknown[] = [];
    for (const before of ["", "PRAGMA journal_mode = WAL", "INSERT INTO keyv VALUES ('a', 'b')"]) {
      const path = join(folder, `cache-${pageSizes.length}.sqlite`);
      const plain = new KeyvSqlite(path);
      if (before !== "") await plain.query(before);
      const cache = await openDiskCache({ path });
      await cache.set(keyOf(1), answerOf("{}"));
      expect((await cache.get(keyOf(1)))?.body).toBe("{}");
      await plain.close();
      await cache.close();
      const again = new KeyvSqlite(path);
      const [{ page_size: pageSize }] = await again.query("PRAGMA page_size");
      pageSizes.push(pageSize);
      await again.close();
    }
    expect(pageSizes).toEqual([8192, 4096, 4096]);
  });

  it("counts a row that is damaged or foreign as missing, and writes over it", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    await cache.set(keyOf(0), answerOf("{}"));
    const database = new KeyvSqlite(path);
    const [{ value: good }] = await database.query("SELECT value FROM llmbatch_answers_1");
    const strange = [
      "",
      "null",
      "5",
      "[]",
      "{",
      "{}}",
      '{"value":null}',
      '{"value":{"body":{}}}',
      good.slice(0, -9),
      `${good} `,
      7,
      Buffer.from(good),
    ];
    for (const [n, value] of strange.entries()) {
      await database.query("INSERT INTO llmbatch_answers_1 (name, value) VALUES (?, ?)", [keyOf(n), value]);
    }
    await database.close();
    const found = await Promise.all(strange.map((_, n) => cache.get(keyOf(n))));
    expect(found).toEqual(strange.map(() => undefined));
    expect((await cache.stats()).entries).toBe(strange.length);
    await Promise.all(strange.map((_, n) => cache.set(keyOf(n), answerOf(String(n)))));
    expect((await cache.get(keyOf(9)))?.body).toBe("9");
    await cache.close();
  });

  it("reads without writing when it is told to: no file is made, and no answer is stored", async () => {
    const path = join(temporaryFolder(), "folder", "cache.sqlite");
    const none = await openDiskCache({ path, readOnly: true });
    expect(await none.get(keyOf(1))).toBeUndefined();
    expect(await none.stats()).toMatchObject({ entries: 0, bytes: 0 });
    await none.close();
    expect(existsSync(join(path, ".."))).toBe(false);

    const cache = await openDiskCache({ path });
    await cache.set(keyOf(1), answerOf("{}"));
    const reader = await openDiskCache({ path, readOnly: true });
    expect(await reader.get(keyOf(1))).toEqual(answerOf("{}"));
    await expect(reader.set(keyOf(2), answerOf("{}"))).rejects.toThrow(
      `The cache ${path} cannot be used: the file or its file system is read-only`,
    );
    await reader.close();
    await cache.close();
  });

  it("waits while another process has the file locked, also longer than SQLite itself would", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    const other = new KeyvSqlite(path);
    await other.query("BEGIN IMMEDIATE");
    const order: string[] = [];
    const set = cache.set(keyOf(1), answerOf("{}")).then(() => order.push("stored"));
    await setTimeout(1500); // SQLite gives up after 1,000
    order.push("unlocked");
    await other.query("COMMIT");
    await set;
    expect(order).toEqual(["unlocked", "stored"]);
    await other.close();
    await cache.close();
  });

  it("gives up on a file that stays locked, and says why", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path, lockWaitMs: 0 });
    const other = new KeyvSqlite(path);
    await other.query("BEGIN IMMEDIATE");
    await expect(cache.set(keyOf(1), answerOf("{}"))).rejects.toThrow(/another process keeps it locked/);
    await expect(openDiskCache({ path, lockWaitMs: 0 })).rejects.toThrow(CacheError);
    await other.query("COMMIT");
    await cache.set(keyOf(1), answerOf("{}"));
    await other.close();
    await cache.close();
  });

  it("reads large answers a few at a time, so that they are not all in memory at once", async () => {
    const cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
    const body = JSON.stringify("x".repeat(400_000)); // 20 of them are a group
    const numbers = Array.from({ length: 60 }, (_, n) => n);
    await Promise.all(numbers.map((n) => cache.set(keyOf(n), answerOf(body))));
    await cache.get(keyOf(0)); // only now does it know how large they are
    let arrived = 0;
    const gets = numbers.map(async (n) => {
      const answer = await cache.get(keyOf(n));
      arrived += 1;
      return answer?.body.length;
    });
    await gets[0];
    expect(arrived).toBeLessThanOrEqual(20);
    expect(await Promise.all(gets)).toEqual(numbers.map(() => body.length));
    await cache.close();
  });
});
