import { beforeEach, describe, expect, test } from "vitest";
import { AdaptiveConcurrency } from "../../../src/limiters/learning/adaptive-concurrency.ts";
import { noWeights } from "../../../src/model/rate-limit.ts";
import { answered, failed } from "../attempts.ts";

let nowMs = 0;
let changes: [from: number, to: number][] = [];
let startsPerMs = Infinity;

beforeEach(() => {
  nowMs = 0;
  changes = [];
  startsPerMs = Infinity;
});

function create(ceiling: number, adaptive = true): AdaptiveConcurrency {
  return new AdaptiveConcurrency({
    ceiling,
    adaptive,
    clock: () => nowMs,
    startsPerMs: () => startsPerMs,
    onChange: (from, to) => changes.push([from, to]),
  });
}

/** As many are in flight as may be, and another waits. */
function wait(concurrency: AdaptiveConcurrency): number | undefined {
  return concurrency.blockedBy({ inFlight: concurrency.cap, weights: noWeights, leavesSlots: false, batchInFlight: 0 })?.waitMs;
}

/** Requests wait for it the whole time, and no answer comes. */
function waitFor(concurrency: AdaptiveConcurrency, ms: number): void {
  for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 50) wait(concurrency);
}

function cut(concurrency: AdaptiveConcurrency, inFlight: number, rejected: number, mayBeChance = false): void {
  const isOverrun = rejected >= inFlight * 0.15 && rejected >= 4;
  concurrency.cut({ inFlight, rejected, isOverrun, failure: failed("rate_limit").failure }, mayBeChance);
}

describe("adaptive concurrency", () => {
  test("starts low and grows by half while it is used, though the first answer may take a minute", () => {
    const concurrency = create(100);
    expect(concurrency.cap).toBe(2);
    waitFor(concurrency, 3_500);
    expect(concurrency.cap).toBe(100);
    expect(changes).toEqual([
      [2, 3],
      [3, 5],
      [5, 8],
      [8, 12],
      [12, 18],
      [18, 27],
      [27, 41],
      [41, 62],
      [62, 93],
      [93, 100],
    ]);
  });

  test("grows by half with each round of answers where those are quick", () => {
    const concurrency = create(64);
    for (let round = 0; round < 9; round += 1) {
      wait(concurrency);
      for (let answers = concurrency.cap; answers > 0; answers -= 1) concurrency.ended({ attempt: answered(), inFlight: 1 });
    }
    expect(concurrency.cap).toBe(64);
    expect(nowMs).toBe(0);
  });

  test("does not grow while it blocks no request", () => {
    const concurrency = create(100);
    for (let answers = 0; answers < 1_000; answers += 1) concurrency.ended({ attempt: answered(), inFlight: 1 });
    nowMs += 60_000;
    wait(concurrency);
    expect(concurrency.cap).toBe(2);
  });

  test("is cut once, comes back to nearly what it was at once, and then feels its way up to the ceiling: no freeze", () => {
    const concurrency = create(100);
    waitFor(concurrency, 3_500);
    cut(concurrency, 100, 60);
    expect(concurrency.cap).toBe(70);
    waitFor(concurrency, 400);
    expect(concurrency.cap).toBe(90);
    waitFor(concurrency, 800);
    expect(concurrency.cap).toBe(90);
    waitFor(concurrency, 10_000);
    expect(concurrency.cap).toBe(100);
  });

  test("is cut from what was really in flight, and never below one", () => {
    const concurrency = create(1_000);
    waitFor(concurrency, 5_000);
    cut(concurrency, 40, 40);
    expect(concurrency.cap).toBe(20);
    for (let count = 0; count < 20; count += 1) cut(concurrency, 1, 1);
    expect(concurrency.cap).toBe(1);
    waitFor(concurrency, 120_000);
    expect(concurrency.cap).toBeGreaterThan(100);
  });

  test("is cut to what this machine could connect, where it has too few file descriptors", () => {
    const concurrency = create(1_000);
    waitFor(concurrency, 20_000);
    expect(concurrency.cap).toBe(1_000);
    const attempt = failed("network", { isLocal: true });
    for (let inFlight = 1_000; inFlight > 240; inFlight -= 1) concurrency.ended({ attempt, inFlight });
    expect(concurrency.cap).toBe(240);
    waitFor(concurrency, 1_100);
    expect(concurrency.cap).toBe(252);
  });

  test("is hardly cut where one among a hundred is rejected", () => {
    const concurrency = create(100);
    waitFor(concurrency, 3_500);
    for (let count = 0; count < 10; count += 1) {
      cut(concurrency, 100, 1);
      waitFor(concurrency, 1_100);
    }
    expect(concurrency.cap).toBeGreaterThanOrEqual(99);
  });

  test("is not cut where one among a hundred is rejected by chance, and is cut where that is one of a few in flight", () => {
    const concurrency = create(100);
    waitFor(concurrency, 3_500);
    cut(concurrency, 100, 1, true);
    expect(concurrency.cap).toBe(100);
    const few = create(100);
    waitFor(few, 300);
    cut(few, 3, 1, true);
    expect(few.cap).toBe(2);
    waitFor(few, 3_500);
    expect(few.cap).toBe(100);
  });

  test("bears at once what a known limit lets start in a quarter of a second, and grows by half from there", () => {
    const concurrency = create(2_000);
    startsPerMs = 1;
    expect(wait(concurrency)).toBeUndefined();
    expect(concurrency.cap).toBe(250);
    expect(wait(concurrency)).toBe(250);
    nowMs += 250;
    expect(wait(concurrency)).toBeUndefined();
    expect(concurrency.cap).toBe(375);
  });

  test("knows no more of a limit so small that it would lower it", () => {
    const concurrency = create(100);
    startsPerMs = 0.001;
    expect(wait(concurrency)).toBeGreaterThan(0);
    expect(concurrency.cap).toBe(2);
  });

  test("goes by rejections, once there were any, and not by a known limit", () => {
    const concurrency = create(1_000);
    startsPerMs = 1;
    wait(concurrency);
    cut(concurrency, 250, 200);
    expect(concurrency.cap).toBe(150);
    wait(concurrency);
    expect(concurrency.cap).toBe(150);
  });

  test("is the ceiling, whatever happens, when it is turned off", () => {
    const concurrency = create(100, false);
    cut(concurrency, 100, 100);
    expect(concurrency.cap).toBe(100);
    expect(changes).toEqual([]);
  });
});
