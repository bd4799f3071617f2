import { describe, expect, it } from "vitest";
import { createMemoryCache } from "../../src/caches/memory.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";

const body = JSON.stringify("x".repeat(10_000)); // some 20 KB in memory

describe("createMemoryCache", () => {
  it("stays within its bytes, and what was used longest ago makes room", async () => {
    const cache = createMemoryCache({ maxBytes: 65_000 });
    for (const n of [1, 2, 3]) await cache.set(keyOf(n), answerOf(body));
    await cache.get(keyOf(1));
    await cache.set(keyOf(4), answerOf(body));
    expect(await found(cache, [1, 2, 3, 4])).toEqual([1, 3, 4]);
    for (const n of [5, 6]) await cache.set(keyOf(n), answerOf(body));
    expect(await found(cache, [1, 2, 3, 4, 5, 6])).toEqual([4, 5, 6]);
  });

  it("counts an answer that is stored again once", async () => {
    const cache = createMemoryCache({ maxBytes: 65_000 });
    for (const n of [1, 2, 3, 3, 3, 3]) await cache.set(keyOf(n), answerOf(body));
    expect(await found(cache, [1, 2, 3])).toEqual([1, 2, 3]);
  });

  it("does not count what has expired and was found so", async () => {
    let now = 0;
    const cache = createMemoryCache({ maxBytes: 65_000, ttlMs: 10, now: () => now });
    for (const n of [1, 2, 3]) await cache.set(keyOf(n), answerOf(body));
    now = 10;
    expect(await found(cache, [1, 2, 3])).toEqual([]);
    for (const n of [4, 5, 6]) await cache.set(keyOf(n), answerOf(body));
    expect(await found(cache, [4, 5, 6])).toEqual([4, 5, 6]);
  });

  it("does not keep an answer larger than itself, nor throw the others out for it", async () => {
    const cache = createMemoryCache({ maxBytes: 65_000 });
    for (const n of [1, 2]) await cache.set(keyOf(n), answerOf(body));
    await cache.set(keyOf(2), answerOf(JSON.stringify("x".repeat(40_000))));
    expect(await found(cache, [1, 2])).toEqual([1]);
  });
});

async function found(cache: ReturnType<typeof createMemoryCache>, numbers: readonly number[]): Promise<number[]> {
  const answers = await Promise.all(numbers.map((n) => cache.get(keyOf(n))));
  return numbers.filter((_, index) => answers[index] !== undefined);
}
