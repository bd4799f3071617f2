import { beforeEach, describe, expect, test } from "vitest";
import { AdaptiveConcurrency } from "../../src/limiters/adaptive-concurrency.ts";

let nowMs = 0;
let changes: [from: number, to: number][] = [];

beforeEach(() => {
  nowMs = 0;
  changes = [];
});

function onChange(from: number, to: number): void {
  changes.push([from, to]);
}

function create(ceiling: number, adaptive = true): AdaptiveConcurrency {
  return new AdaptiveConcurrency({ ceiling, adaptive, clock: () => nowMs, onChange });
}

/** Requests wait for it the whole time, and no answer comes. */
function waitFor(concurrency: AdaptiveConcurrency, ms: number): void {
  for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 50) concurrency.holdBack(Infinity);
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
      concurrency.holdBack(Infinity);
      for (let answers = concurrency.cap; answers > 0; answers -= 1) concurrency.observeSuccess();
    }
    expect(concurrency.cap).toBe(64);
    expect(nowMs).toBe(0);
  });

  test("does not grow while nobody is held back by it", () => {
    const concurrency = create(100);
    for (let answers = 0; answers < 1_000; answers += 1) concurrency.observeSuccess();
    nowMs += 60_000;
    concurrency.holdBack(Infinity);
    expect(concurrency.cap).toBe(2);
  });

  test("is cut once, comes back to nearly what it was at once, and then feels its way up to the ceiling: no freeze", () => {
    const concurrency = create(100);
    waitFor(concurrency, 3_500);
    concurrency.cut(100, 60, "too many");
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
    concurrency.cut(40, 40, "too many");
    expect(concurrency.cap).toBe(20);
    for (let cut = 0; cut < 20; cut += 1) concurrency.cut(1, 1, "too many");
    expect(concurrency.cap).toBe(1);
    waitFor(concurrency, 120_000);
    expect(concurrency.cap).toBeGreaterThan(100);
  });

  test("is hardly cut where one among a hundred is turned away, which may be chance", () => {
    const concurrency = create(100);
    waitFor(concurrency, 3_500);
    for (let cut = 0; cut < 10; cut += 1) {
      concurrency.cut(Infinity, 1, "no luck");
      waitFor(concurrency, 1_100);
    }
    expect(concurrency.cap).toBeGreaterThanOrEqual(99);
  });

  test("bears at once what a known limit lets start in a quarter of a second, and grows by half from there", () => {
    const concurrency = create(2_000);
    expect(concurrency.holdBack(1)).toBe(0);
    expect(concurrency.cap).toBe(250);
    expect(concurrency.holdBack(1)).toBe(250);
    nowMs += 250;
    expect(concurrency.holdBack(1)).toBe(0);
    expect(concurrency.cap).toBe(375);
  });

  test("knows no more of a limit so small that it would lower it", () => {
    const concurrency = create(100);
    expect(concurrency.holdBack(0.001)).toBeGreaterThan(0);
    expect(concurrency.cap).toBe(2);
  });

  test("goes by what was refused, once something was, and not by a known limit", () => {
    const concurrency = create(1_000);
    concurrency.holdBack(1);
    concurrency.cut(250, 200, "too many");
    expect(concurrency.cap).toBe(150);
    concurrency.holdBack(1);
    expect(concurrency.cap).toBe(150);
  });

  test("is the ceiling, whatever happens, when it is turned off", () => {
    const concurrency = create(100, false);
    concurrency.cut(100, 100, "too many");
    expect(concurrency.cap).toBe(100);
    expect(changes).toEqual([]);
  });
});
