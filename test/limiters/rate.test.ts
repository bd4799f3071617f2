import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { createLimiter } from "../../src/limiters/limiter.ts";
import { RateLimit } from "../../src/limiters/rate.ts";
import { answered, never } from "./attempts.ts";

const clock = (): number => performance.now();
const hourMs = 3_600_000;

afterEach(() => void vi.restoreAllMocks());

/** Sets the wall clock and leaves the monotonic one alone, as an operator or a time server does. */
function setWallClock(offsetMs: number): void {
  vi.restoreAllMocks();
  const now = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => now() + offsetMs);
}

// First in its file: once Bottleneck is loaded, it stays loaded.
test("a run without per-minute limits does not wait for Bottleneck to be loaded", async () => {
  const { cache } = createRequire(import.meta.url);
  const isLoaded = (): boolean => Object.keys(cache).some((path) => path.includes("bottleneck"));
  await createLimiter({ provider: "practice", concurrency: 1 }).run({ tokens: 1 }, async () => answered(), never);
  expect(isLoaded()).toBe(false);
  await new RateLimit(6_000, clock).permit(1);
  expect(isLoaded()).toBe(true);
});

test("a permit takes nothing; starting does", async () => {
  const limit = new RateLimit(6_000, () => 0);
  await limit.permit(60);
  expect(limit.room).toBe(80);
  limit.take(60);
  expect(limit.room).toBe(20);
});

test("a permit for more than the reservoir can hold is granted, where Bottleneck would wait for ever", async () => {
  const limit = new RateLimit(6_000, () => 0);
  await limit.permit(1_000);
  limit.take(1_000);
  expect(limit.room).toBe(-920);
});

test("permits go on being granted after a debt, after unused permits, and from a reservoir of less than one", async () => {
  let nowMs = 0;
  const limit = new RateLimit(6, () => nowMs);
  for (const weight of [1, 1, 50, 1, 0]) {
    nowMs += limit.waitMs(weight);
    await limit.permit(weight);
    nowMs += limit.waitMs(weight);
    await limit.permit(weight);
    limit.take(weight);
  }
  expect(nowMs).toBeCloseTo(52 * 10_000, 2);
});

test.each([
  ["back", -hourMs],
  ["forward", hourMs],
])("a wall clock set %s an hour while a permit is on its way does not hold it up", async (_, offsetMs) => {
  const limit = new RateLimit(6_000, clock);
  await limit.permit(1);
  const permit = limit.permit(1);
  setWallClock(offsetMs);
  await permit;
  await limit.permit(1);
  expect(limit.room).toBe(80);
});

test("a process so busy that Bottleneck takes long to grant gets its permit nevertheless", async () => {
  const limit = new RateLimit(6_000, clock);
  await limit.permit(1);
  let turns = 0;
  const work = (): void => {
    const untilMs = clock() + 120;
    while (clock() < untilMs);
    turns += 1;
    if (turns < 30) setImmediate(work);
  };
  work();
  await limit.permit(1);
  expect(turns).toBeLessThan(30);
  turns = 30;
  expect(limit.room).toBe(80);
});

test("a wall clock that jumps an hour back, forward and back makes no stall and no burst", async () => {
  const perMinute = 30_000;
  const limiter = createLimiter({ provider: "practice", concurrency: 100, requestsPerMinute: perMinute });
  const stop = new AbortController();
  const startsMs: number[] = [];
  const task = async (): Promise<ReturnType<typeof answered>> => {
    startsMs.push(clock());
    return answered();
  };
  const worker = async (): Promise<void> => {
    while (!stop.signal.aborted) await limiter.run({ tokens: 0 }, task, stop.signal);
  };
  const workers = Promise.all(Array.from({ length: 150 }, worker));
  for (const offsetMs of [0, -hourMs, hourMs, 0]) {
    setWallClock(offsetMs);
    await new Promise((resolve) => setTimeout(resolve, 350));
  }
  const endedMs = clock();
  stop.abort();
  await workers;

  const perMs = perMinute / 60_000;
  const firstMs = startsMs[0] ?? 0;
  for (const [index, startMs] of startsMs.entries())
    expect(index + 1).toBeLessThanOrEqual(400 + (startMs - firstMs) * perMs + 1e-6);
  expect(startsMs.length).toBeGreaterThan((endedMs - firstMs) * perMs * 0.5 + 400);
});
