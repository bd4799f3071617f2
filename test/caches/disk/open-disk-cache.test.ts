import { KeyvSqlite } from "@keyv/sqlite";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openDiskCache } from "../../../src/caches/disk/open-disk-cache.ts";
import { CacheError } from "../../../src/model/errors.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("openDiskCache", () => {
  it("keeps the last of several answers that are stored under one key at once", async () => {
    const cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
    await Promise.all([1, 2, 3].map((version) => cache.set(keyOf(1), answerOf(`{"version":${version}}`))));
    expect((await cache.get(keyOf(1)))?.body).toBe('{"version":3}');
    await cache.close();
  });

  it("counts a row that is damaged or foreign as missing, says so once, and writes over it", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const warnings: string[] = [];
    const cache = await openDiskCache({ path, onWarning: (message) => warnings.push(message) });
    await cache.set(keyOf(0), answerOf("{}"));
    const database = new KeyvSqlite(path);
    const [{ value: good }] = await database.query("SELECT value FROM keyv");
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
      await database.query("INSERT OR REPLACE INTO keyv VALUES (?, ?)", [`keyv:${keyOf(n)}`, value]);
    }
    await database.close();
    const found = await Promise.all(strange.map((_, n) => cache.get(keyOf(n))));
    expect(found).toEqual(strange.map(() => undefined));
    expect(warnings).toEqual([expect.stringMatching(/cache\.sqlite is damaged: .* Their requests are sent again\.$/)]);
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

  it.skipIf(process.platform !== "linux")(
    "does not wait for ever for a folder that the system does not make, as below /proc",
    async () => {
      await expect(openDiskCache({ path: "/proc/no/such/cache.sqlite" })).rejects.toThrow(
        "The cache /proc/no/such/cache.sqlite cannot be used: ENOENT",
      );
    },
  );

  it("says what is wrong with a path that leads through a file", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const path = join(file, "folder", "cache.sqlite");
    await expect(openDiskCache({ path })).rejects.toThrow(`The cache ${path} cannot be used: a part of its path is not a folder`);
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

  it("reads large answers by 8 MiB, so that they are not all in memory at once", async () => {
    const cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
    const sizes = [1, 1, 9e6, 3e6, 3e6, 3e6, 1, 9e6];
    const keys = sizes.map((_, n) => keyOf(n));
    for (const [n, size] of sizes.entries()) await cache.set(keyOf(n), answerOf(JSON.stringify("x".repeat(size))));
    const groups: number[][] = [];
    for (let done = 0; done < keys.length; done += groups.at(-1)?.length ?? 0) {
      groups.push((await cache.getMany(keys.slice(done))).map((answer) => (answer?.body.length ?? 0) - 2));
    }
    expect(groups).toEqual([[1, 1], [9e6], [3e6, 3e6], [3e6, 1], [9e6]]);
    const got = await Promise.all(keys.map((key) => cache.get(key)));
    expect(got.map((answer) => answer?.body.length)).toEqual(sizes.map((size) => size + 2));
    await cache.close();
  });
});
