import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ConfigurationError, DiskCache, openDiskCache } from "../../../src/index.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const body = JSON.stringify({ text: "x".repeat(1500) });
const maxBytes = 1_000_000;

function bytesOf(path: string): number {
  const files = ["", "-wal"].map((suffix) => path + suffix).filter((file) => existsSync(file));
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

async function found(cache: DiskCache, numbers: readonly number[]): Promise<number[]> {
  const exists = await Promise.all(numbers.map((n) => cache.exists(keyOf(n))));
  return numbers.filter((_, index) => exists[index]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

it.each(["one after the other", "all at once"])("a disk cache grew without end: `maxBytes` bounds its files, %s", async (how) => {
  const path = join(temporaryFolder(), "cache.sqlite");
  const cache = new DiskCache(path, { maxBytes });
  let largest = 0;
  const store = async (n: number): Promise<void> => {
    await cache.put(keyOf(n), answerOf(body));
    largest = Math.max(largest, bytesOf(path));
  };
  if (how === "all at once") await Promise.all(range(0, 1200).map(store));
  else for (const n of range(0, 1200)) await store(n);
  expect(largest).toBeLessThanOrEqual(maxBytes);
  const kept = await found(cache, range(0, 1200));
  expect(kept).toEqual(range(1200 - kept.length, 1200));
  expect(kept.length * body.length).toBeGreaterThan(maxBytes / 3);
  await cache.close();
  expect(bytesOf(path)).toBeLessThanOrEqual(maxBytes);
});

it("keeps what was stored anew, though it was stored first", async () => {
  const cache = new DiskCache(join(temporaryFolder(), "cache.sqlite"), { maxBytes });
  for (const n of range(0, 100)) await cache.put(keyOf(n), answerOf(body));
  await cache.put(keyOf(0), answerOf('{"stored":"anew"}'));
  let number = 100;
  while (await cache.exists(keyOf(50))) await cache.put(keyOf((number += 1)), answerOf(body));
  expect((await cache.get(keyOf(0)))?.body).toBe('{"stored":"anew"}');
  await cache.close();
});

it("keeps all that is there when one answer is larger than the whole, and not that one", async () => {
  const cache = new DiskCache(join(temporaryFolder(), "cache.sqlite"), { maxBytes });
  for (const n of range(0, 50)) await cache.put(keyOf(n), answerOf(body));
  await cache.put(keyOf(50), answerOf(JSON.stringify("x".repeat(maxBytes))));
  expect(await found(cache, range(0, 51))).toEqual(range(0, 50));
  await cache.close();
});

it("makes a file smaller that was larger before, and leaves what other programs keep in it", async () => {
  const path = join(temporaryFolder(), "cache.sqlite");
  const unbounded = await openDiskCache({ path });
  await unbounded.setNote("first of all", "a note");
  await Promise.all(range(0, 2000).map((n) => unbounded.set(keyOf(n), answerOf(body))));
  await unbounded.close();
  expect(bytesOf(path)).toBeGreaterThan(3 * maxBytes);
  const bounded = await openDiskCache({ path, maxBytes });
  expect(bytesOf(path)).toBeLessThanOrEqual(maxBytes);
  expect(await bounded.getNote("first of all")).toBe("a note");
  expect(await bounded.exists(keyOf(1999))).toBe(true);
  await bounded.close();
});

it.each([0, -1, Number.NaN])("refuses a bound of %d", (wrong) => {
  expect(() => new DiskCache("cache.sqlite", { maxBytes: wrong })).toThrow(ConfigurationError);
});
