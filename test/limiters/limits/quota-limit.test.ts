import * as fc from "fast-check";
import { expect, test } from "vitest";
import { QuotaLimit } from "../../../src/limiters/limits/quota-limit.ts";

const spec = { unit: "requests", amount: 50, periodMs: 3_600_000 } as const;

test("in no span of the period is more taken than the amount, whatever the order of takes and corrections", () => {
  const steps = fc.array(
    fc.record({ waitMs: fc.integer({ min: 0, max: 2_000_000 }), weight: fc.integer({ min: 1, max: 30 }), used: fc.nat(30) }),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(steps, (sequence) => {
      let nowMs = 1_000;
      const limit = new QuotaLimit(spec, () => nowMs);
      const taken: { atMs: number; weight: number }[] = [];
      for (const { waitMs, weight, used } of sequence) {
        nowMs += waitMs;
        if (limit.waitMs(weight) > 0) continue;
        const entry = { atMs: nowMs, weight: Math.min(used, weight) };
        limit.take(weight);
        nowMs += 5_000;
        limit.giveBack(weight - entry.weight, entry.atMs);
        taken.push(entry);
      }
      for (const { atMs } of taken) {
        const inPeriod = taken.filter((other) => other.atMs >= atMs && other.atMs < atMs + spec.periodMs);
        expect(inPeriod.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(spec.amount);
      }
    }),
  );
});

test("says when there will be room, and then there is", () => {
  let nowMs = 0;
  const limit = new QuotaLimit(spec, () => nowMs);
  limit.take(30);
  nowMs += 600_000;
  limit.take(20);
  const waitMs = limit.waitMs(25);
  expect(waitMs).toBeGreaterThanOrEqual(3_000_000);
  nowMs += waitMs - 1;
  expect(limit.waitMs(25)).toBeGreaterThan(0);
  nowMs += 1;
  expect(limit.waitMs(25)).toBe(0);
  expect(limit.available()).toBe(30);
});

test("what is larger than the amount may start when nothing is taken", () => {
  let nowMs = 0;
  const limit = new QuotaLimit(spec, () => nowMs);
  expect(limit.waitMs(500)).toBe(0);
  limit.take(1);
  const waitMs = limit.waitMs(500);
  expect(waitMs).toBeGreaterThan(0);
  nowMs += waitMs;
  expect(limit.waitMs(500)).toBe(0);
});

test("what was used beyond an estimate counts, be its start a whole period ago", () => {
  let nowMs = 0;
  const limit = new QuotaLimit(spec, () => nowMs);
  limit.take(1);
  nowMs += 2 * spec.periodMs;
  expect(limit.used()).toBe(0);
  limit.giveBack(-30, 0);
  expect(limit.used()).toBe(30);
});
