import { expect, test, vi, beforeEach, afterEach } from "vitest";
import { TokenBucket } from "../../../src/index.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("starts full, is empty when used up, and refills as fast as it says", async () => {
  const bucket = new TokenBucket(3, 2);
  expect([1, 2, 3, 4].map(() => bucket.tryAcquire())).toEqual([true, true, true, false]);
  await vi.advanceTimersByTimeAsync(500);
  expect(bucket.tryAcquire()).toBe(true);
  expect(bucket.available).toBeCloseTo(0);
});

test("serves waiters first come first served, a large one before the small ones behind it", async () => {
  const bucket = new TokenBucket(10, 10);
  const order: string[] = [];
  const acquire = async (name: string, tokens: number): Promise<void> => {
    await bucket.acquire(tokens);
    order.push(`${name} ${Math.round(performance.now() - startedMs)}`);
  };
  const startedMs = performance.now();
  const all = [acquire("first", 10), acquire("large", 8), acquire("small", 1)];
  expect(bucket.tryAcquire()).toBe(false);
  await vi.runAllTimersAsync();
  await Promise.all(all);
  expect(order).toEqual(["first 0", "large 800", "small 900"]);
});

test("takes more than it can hold when it is full, instead of waiting for ever", async () => {
  const bucket = new TokenBucket(10, 10);
  await bucket.acquire(50);
  expect(bucket.available).toBe(-40);
  const next = bucket.acquire(1);
  await vi.advanceTimersByTimeAsync(4_099);
  expect(bucket.available).toBeGreaterThan(0);
  await vi.advanceTimersByTimeAsync(2);
  await next;
});

test("a call that is aborted leaves with the signal's reason, and does not hold up those behind it", async () => {
  const bucket = new TokenBucket(10, 1);
  await bucket.acquire(10);
  const stop = new AbortController();
  const large = bucket.acquire(10, stop.signal);
  const small = bucket.acquire(1);
  await vi.advanceTimersByTimeAsync(1_500);
  stop.abort(new Error("changed my mind"));
  await expect(large).rejects.toThrow("changed my mind");
  await small;
  expect(vi.getTimerCount()).toBe(0);
  await expect(bucket.acquire(1, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
});

test.each([
  [0, 1],
  [1, 0],
  [Number.NaN, 1],
  [1, Infinity],
])("a bucket of %d that refills at %d is refused", (capacity, refillRate) => {
  expect(() => new TokenBucket(capacity, refillRate)).toThrow(RangeError);
});
