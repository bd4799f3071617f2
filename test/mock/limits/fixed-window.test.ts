import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FixedWindow } from "../../../src/mock/limits/fixed-window.ts";

/** Asks for one, each time as soon as it was told that it may. @returns when each was let through. */
function takeAll(window: FixedWindow, clock: { nowMs: number }, count: number): number[] {
  return Array.from({ length: count }, () => {
    const waitMs = window.waitMs(1);
    clock.nowMs += waitMs;
    expect(window.waitMs(1)).toBe(0);
    window.take(1);
    return clock.nowMs;
  });
}

describe("FixedWindow", () => {
  it("lets its share through at once in each window, the first of which begins with the first cost", () => {
    const clock = { nowMs: 123 };
    const window = new FixedWindow(120, 1000, () => clock.nowMs);
    clock.nowMs = 1000;
    expect(takeAll(window, clock, 5)).toEqual([1000, 1000, 2000, 2000, 3000]);
    clock.nowMs = 3900;
    expect(window.available()).toBe(1);
    expect(window.fullInMs()).toBe(100);
    window.take(1);
    expect(window.waitMs(1)).toBe(100);
  });

  it("is exact on the long run, whatever the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 3 }), (perMinute, minutes) => {
        const clock = { nowMs: 0 };
        const window = new FixedWindow(perMinute, 1000, () => clock.nowMs);
        clock.nowMs += window.waitMs(1);
        window.take(1);
        let taken = 1;
        for (let second = 1; second < minutes * 60; second += 1) {
          clock.nowMs = second * 1000;
          const left = window.available();
          taken += left;
          window.take(left);
        }
        expect(taken).toBeGreaterThanOrEqual(perMinute * minutes - Math.floor(perMinute / 60));
        expect(taken).toBeLessThanOrEqual(perMinute * minutes + 1);
      }),
    );
  });

  it("lets what never fits through when nothing else was, and alone", () => {
    const clock = { nowMs: 0 };
    const window = new FixedWindow(100, 60_000, () => clock.nowMs);
    expect(window.waitMs(500)).toBe(0);
    window.take(500);
    expect(window.waitMs(1)).toBe(60_000);
    clock.nowMs = 60_000;
    window.take(1);
    expect(window.waitMs(500)).toBe(60_000);
    expect(window.waitMs(99)).toBe(0);
  });

  it("takes back what was not needed", () => {
    const window = new FixedWindow(100, 60_000, () => 0);
    window.take(80);
    window.take(-50);
    expect(window.available()).toBe(70);
    window.take(-500);
    expect(window.available()).toBe(100);
  });
});
