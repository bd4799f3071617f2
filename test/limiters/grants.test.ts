import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { createLimiter } from "../../src/limiters/limiter.ts";
import { Grants } from "../../src/limiters/grants.ts";
import { answered, demandFor, limitsOf, never } from "./attempts.ts";

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
test("a run without limits does not wait for Bottleneck to be loaded", async () => {
  const { cache } = createRequire(import.meta.url);
  const isLoaded = (): boolean => Object.keys(cache).some((path) => path.includes("bottleneck"));
  await createLimiter({ targets: [{ name: "practice" }], concurrency: 1 }).run(demandFor(1), async () => answered(), never);
  expect(isLoaded()).toBe(false);
  await new Grants().ask(1);
  expect(isLoaded()).toBe(true);
});

test("grants are what was asked for, less what was taken, however often", async () => {
  const grants = new Grants();
  let expected = 0;
  for (const count of [1, 1_000, 3, 50]) {
    const asked = grants.ask(count);
    expect(grants.isAsking).toBe(true);
    await asked;
    grants.take();
    expected += count - 1;
    expect(grants.left).toBe(expected);
  }
  expect(grants.isAsking).toBe(false);
});

test.each([
  ["back", -hourMs],
  ["forward", hourMs],
])("a wall clock set %s an hour while a grant is on its way does not hold it up", async (_, offsetMs) => {
  const grants = new Grants();
  await grants.ask(1);
  const asked = grants.ask(1);
  setWallClock(offsetMs);
  await asked;
  await grants.ask(1);
  expect(grants.left).toBe(3);
});

test("a process so busy that Bottleneck takes long to grant gets its grant nevertheless", async () => {
  const grants = new Grants();
  await grants.ask(1);
  let turns = 0;
  const work = (): void => {
    const untilMs = clock() + 120;
    while (clock() < untilMs);
    turns += 1;
    if (turns < 30) setImmediate(work);
  };
  work();
  await grants.ask(1);
  expect(turns).toBeLessThan(30);
  turns = 30;
  expect(grants.left).toBe(2);
});

test("a wall clock that jumps an hour back, forward and back makes no stall and no burst", async () => {
  const perMinute = 30_000;
  const limiter = createLimiter({
    targets: [{ name: "practice" }],
    concurrency: 100,
    limits: limitsOf({ requestsPerMinute: perMinute }),
  });
  const stop = new AbortController();
  const startsMs: number[] = [];
  const task = async (): Promise<ReturnType<typeof answered>> => {
    startsMs.push(clock());
    return answered();
  };
  const worker = async (): Promise<void> => {
    while (!stop.signal.aborted) await limiter.run(demandFor(0), task, stop.signal);
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
    expect(index + 1).toBeLessThanOrEqual(151 + (startMs - firstMs) * perMs + 1e-6);
  expect(startsMs.length).toBeGreaterThan((endedMs - firstMs) * perMs * 0.5);
});
