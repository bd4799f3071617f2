import { describe, expect, test } from "vitest";
import { PaceGrowth } from "../../src/limiters/pace-growth.ts";

/** How long until a pace of 100 has grown to `to`, in seconds. */
function secondsTo(to: number, growth: PaceGrowth): number {
  let seconds = 0;
  for (let amount = 100; amount < to; seconds += 0.1) amount *= 1 + growth.perSecond(amount, seconds * 1_000) / 10;
  return seconds;
}

function refusedAt(...amounts: readonly number[]): PaceGrowth {
  const growth = new PaceGrowth();
  for (const amount of amounts) growth.restart(amount, 100, 0);
  return growth;
}

describe("the growth of a pace that was found out", () => {
  test("is slow at first, doubles every ten seconds, and is never more than a quarter a second", () => {
    const growth = new PaceGrowth();
    expect([0, 10_000, 20_000, 600_000].map((calmMs) => growth.perSecond(100, calmMs))).toEqual([0.01, 0.02, 0.04, 0.25]);
  });

  test("is fast up to what the pace may be all the same, which is twice what it is taken for at most", () => {
    const growth = new PaceGrowth();
    growth.restart(undefined, 100, 1_000);
    expect(secondsTo(200, growth)).toBeLessThan(8.5);
    expect(growth.perSecond(201, 0)).toBe(0.01);
    growth.restart(undefined, 100, 130);
    expect(growth.perSecond(129, 0)).toBeGreaterThan(0.08);
    expect(growth.perSecond(131, 0)).toBe(0.01);
  });

  test("is half as fast each time that about the same pace was refused, and an eighth at last", () => {
    const speeds = [1, 2, 3, 4, 5, 6].map((times) => refusedAt(...Array.from({ length: times }, () => 110)).perSecond(100, 0));
    expect(speeds).toEqual([0.01, 0.005, 0.0025, 0.00125, 0.00125, 0.00125]);
  });

  test("is what it was when another pace was refused: the limit has changed", () => {
    expect(refusedAt(110, 110, 110, 300).perSecond(100, 0)).toBe(0.01);
  });
});
