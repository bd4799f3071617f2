import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PacedLimit } from "../../../src/limiters/limits/paced-limit.ts";
import { SlidingWindow } from "../../../src/limiters/limits/sliding-window.ts";

const minuteMs = 60_000;
/** No timer is exact: time that is added to a clock in steps of 10^-13 ms would stand still. */
const timerMs = 0.01;
/** How late this process is: timers are late, and now and then it stands still. */
const latenessMs = fc.array(
  fc.oneof({ weight: 20, arbitrary: fc.double({ min: 0, max: 2, noNaN: true }) }, fc.integer({ min: 0, max: 400 })),
  {
    minLength: 20,
    maxLength: 100,
  },
);

/** Starts as much as the limit allows, for some time. @returns when each start was. */
function startsMs(perMinute: number, untilMs: number, late: readonly number[]): number[] {
  let nowMs = 0;
  const limit = new PacedLimit({ unit: "requests", amount: perMinute, periodMs: minuteMs }, "configured", () => nowMs);
  const starts: number[] = [];
  for (let turn = 0; nowMs < untilMs; turn += 1) {
    for (; limit.waitMs(1) === 0; limit.take(1)) starts.push(nowMs);
    nowMs += limit.waitMs(1) + timerMs + (late[turn % late.length] ?? 0);
  }
  return starts;
}

describe("a limit on requests", () => {
  const perSeconds = fc.constantFrom(1, 2, 10, 37, 100);

  test("is never exceeded in a second as a server counts seconds, whenever those begin, with jitter on the way", () => {
    const phaseMs = fc.double({ min: 0, max: 1_000, noNaN: true });
    const jitterMs = fc.array(fc.double({ min: 0, max: 5.9, noNaN: true }), { minLength: 10, maxLength: 100 });
    fc.assert(
      fc.property(perSeconds, phaseMs, latenessMs, jitterMs, (perSecond, phase, late, jitter) => {
        const counts = new Map<number, number>();
        for (const [request, startMs] of startsMs(perSecond * 60, 20_000, late).entries()) {
          const second = Math.floor((startMs + 20 + phase + (jitter[request % jitter.length] ?? 0)) / 1_000);
          counts.set(second, (counts.get(second) ?? 0) + 1);
        }
        expect(Math.max(...counts.values())).toBeLessThanOrEqual(perSecond);
      }),
      { endOnFailure: true },
    );
  });

  test("is used to the full though this process is late all the time: 99 %", () => {
    const smallMs = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 5, maxLength: 50 });
    fc.assert(
      fc.property(perSeconds, smallMs, (perSecond, late) => {
        const starts = startsMs(perSecond * 60, minuteMs, late).filter((startMs) => startMs < minuteMs);
        expect(starts.length).toBeGreaterThanOrEqual(Math.floor(perSecond * 60 * 0.985));
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test("lets no more through in any minute than it says, whatever this process was too late for", () => {
    fc.assert(
      fc.property(perSeconds, latenessMs, (perSecond, late) => {
        const starts = startsMs(perSecond * 60, 2.5 * minuteMs, late);
        const spansMs = starts.slice(perSecond * 60).map((startMs, first) => startMs - (starts[first] ?? 0));
        expect(Math.min(...spansMs)).toBeGreaterThanOrEqual(minuteMs);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test("of less than one a second is spaced evenly", () => {
    const starts = startsMs(6, 60_000, [1]);
    expect(starts.slice(0, 3).map((startMs) => Math.round(startMs / 100))).toEqual([0, 101, 202]);
  });

  test("that was raised lets more through from then on", () => {
    let nowMs = 0;
    const limit = new PacedLimit({ unit: "requests", amount: 600, periodMs: minuteMs }, "headers", () => nowMs);
    limit.resize(6_000);
    let starts = 0;
    for (; nowMs < 1_000; nowMs += 1) for (; limit.waitMs(1) === 0; limit.take(1)) starts += 1;
    expect(starts).toBeGreaterThanOrEqual(98);
  });
});

describe("a limit on tokens", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 20, maxLength: 60 });

  test("lets no more through in any minute than it says and a second's worth, but for one request larger than that", () => {
    fc.assert(
      fc.property(fc.constantFrom(6_000, 90_000, 1_000_000), sizes, latenessMs, (perMinute, tokens, late) => {
        let nowMs = 0;
        const limit = new PacedLimit({ unit: "tokens", amount: perMinute, periodMs: minuteMs }, "configured", () => nowMs);
        const taken: { readonly atMs: number; readonly size: number }[] = [];
        for (let turn = 0; nowMs < 2.5 * minuteMs && turn < 3_000; turn += 1) {
          const size = tokens[turn % tokens.length] ?? 1;
          nowMs += limit.waitMs(size) + timerMs + (late[turn % late.length] ?? 0);
          limit.take(size);
          taken.push({ atMs: nowMs, size });
        }
        let [sum, first, largest] = [0, 0, 0];
        for (const { atMs, size } of taken) {
          for (; (taken[first]?.atMs ?? 0) <= atMs - minuteMs; first += 1) sum -= taken[first]?.size ?? 0;
          sum += Math.min(size, perMinute / 60);
          largest = Math.max(largest, sum);
          sum += size - Math.min(size, perMinute / 60);
        }
        expect(largest).toBeLessThanOrEqual(perMinute + perMinute / 60 + 1e-6);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

test("what is larger than a bucket of a second waits until that has been full for a while, as the server demands that it is", () => {
  let nowMs = 0;
  const limit = new PacedLimit({ unit: "tokens", amount: 60_000, periodMs: minuteMs }, "configured", () => nowMs);
  limit.take(500);
  expect(limit.waitMs(400)).toBe(0);
  expect(limit.waitMs(900)).toBeCloseTo(50 + 500 / 0.998, 3);
  expect(limit.waitMs(5_000)).toBeCloseTo(50 + 515 / 0.998, 3);
});

test.each(["requests", "tokens"] as const)(
  "the first of all, which has to connect, does not bring the next %s too soon",
  (unit) => {
    let nowMs = 0;
    const limit = new PacedLimit({ unit, amount: 60, periodMs: minuteMs }, "configured", () => nowMs);
    limit.take(1);
    expect(limit.waitMs(1)).toBeGreaterThan(1_050);
    nowMs += limit.waitMs(1);
    limit.take(1);
    expect(limit.waitMs(1)).toBeLessThan(1_050);
  },
);

test("a large request that was long on the way does not make the next one come too soon", () => {
  let nowMs = 0;
  const limit = new PacedLimit({ unit: "tokens", amount: 60_000, periodMs: minuteMs }, "configured", () => nowMs);
  // What is there when the next one starts has to be enough for a server that began to fill up 15 ms later.
  for (const size of [1_000, 1_000, 5_000]) {
    limit.take(size);
    const waitMs = limit.waitMs(1_000);
    expect(waitMs).toBeGreaterThanOrEqual(size + 15);
    nowMs += waitMs;
  }
});

describe("a sliding window", () => {
  test("lets so many start in any span of its length", () => {
    const window = new SlidingWindow(2, 100);
    window.start(0);
    window.start(40);
    expect(window.waitMs(60)).toBe(40);
    expect(window.waitMs(100)).toBe(0);
    window.start(100);
    expect(window.waitMs(100)).toBe(40);
  });

  test("of very many is kept as a shorter one with its share of them", () => {
    const window = new SlidingWindow(40_960, 1_000);
    for (let start = 0; start < 4_096; start += 1) window.start(0);
    expect(window.waitMs(0)).toBe(100);
  });
});

describe("a limit with a burst", () => {
  test.each(["requests", "tokens"] as const)("lets so much start at once after a rest, and keeps its pace: %s", (unit) => {
    let nowMs = 0;
    const limit = new PacedLimit({ unit, amount: 2, periodMs: 1_000, burst: 10 }, "configured", () => nowMs);
    const startAll = (): number => {
      let started = 0;
      for (; limit.waitMs(1) === 0; limit.take(1)) started += 1;
      return started;
    };
    const starts = [0, 5_000, 60_000].map((ms) => {
      nowMs += ms;
      return startAll();
    });
    expect(starts).toEqual([10, 9, 10]);
  });
});
