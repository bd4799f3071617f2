import { expect, it } from "vitest";
import type { AnswerCache } from "../../src/caches/caches.ts";
import { CacheError, ConfigurationError } from "../../src/model/errors.ts";
import { answerOf, keyOf } from "./cache-store.ts";

/** With a time to live in seconds. */
export type CreateCache = (options?: { ttl?: number; now?: () => number }) => AnswerCache;

/** What every cache promises that a program can look into and empty. Call it in a `describe` of the cache's name. */
export function itIsAnAnswerCache(create: () => CreateCache): void {
  it("says what exists, and takes back what was put, without being opened first", async () => {
    const cache = create()();
    expect(await cache.exists(keyOf(1))).toBe(false);
    await cache.put(keyOf(1), answerOf('{"n":9223372036854775807}'));
    expect(await cache.exists(keyOf(1))).toBe(true);
    expect(await cache.get(keyOf(1))).toEqual(answerOf('{"n":9223372036854775807}'));
    expect(await cache.exists(keyOf(2))).toBe(false);
    await cache.close();
  });

  it("deletes one answer, and says whether there was one", async () => {
    const cache = create()();
    for (const n of [1, 2]) await cache.set(keyOf(n), answerOf("{}"));
    expect([await cache.delete(keyOf(1)), await cache.delete(keyOf(1))]).toEqual([true, false]);
    expect([await cache.exists(keyOf(1)), await cache.exists(keyOf(2))]).toEqual([false, true]);
    await cache.close();
  });

  it("clears all answers, and takes new ones", async () => {
    const cache = create()();
    for (const n of [1, 2, 3]) await cache.put(keyOf(n), answerOf("{}"));
    await cache.clear();
    for (const n of [1, 2, 3]) expect(await cache.exists(keyOf(n))).toBe(false);
    await cache.put(keyOf(1), answerOf("{}"));
    expect(await cache.exists(keyOf(1))).toBe(true);
    await cache.close();
  });

  it("counts `ttl` in seconds, as the systems do that its users come from", async () => {
    let now = Date.now();
    const cache = create()({ ttl: 90, now: () => now });
    await cache.put(keyOf(1), answerOf("{}"));
    now += 89_999;
    expect(await cache.exists(keyOf(1))).toBe(true);
    now += 1;
    expect(await cache.exists(keyOf(1))).toBe(false);
    await cache.close();
  });

  it("refuses a `ttl` that is no number above 0, naming it", () => {
    for (const ttl of [0, -1, Number.NaN]) expect(() => create()({ ttl })).toThrow(new ConfigurationError(refusal(ttl)));
  });

  it("says that it is closed, whatever it is asked", async () => {
    const cache = create()();
    await cache.close();
    for (const asked of [cache.exists(keyOf(1)), cache.put(keyOf(1), answerOf("{}")), cache.delete(keyOf(1)), cache.clear()])
      await expect(asked).rejects.toThrow(CacheError);
  });
}

function refusal(ttl: number): string {
  return `ttl: expected a number above 0, not ${JSON.stringify(ttl)}`;
}
