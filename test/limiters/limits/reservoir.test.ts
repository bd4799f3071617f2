import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Reservoir } from "../../../src/limiters/limits/reservoir.ts";

const tolerance = 1e-6;

/** What clients of a limit do: let time pass, take what fits, give back or take more when an attempt is settled. */
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("pass" as const), ms: fc.double({ min: 0, max: 3_000, noNaN: true }) }),
    fc.record({ type: fc.constant("take" as const), weight: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ type: fc.constant("settle" as const), weight: fc.integer({ min: -50, max: 50 }) }),
  ),
  { maxLength: 60 },
);
const limits = fc.integer({ min: 1, max: 20_000 });

/** A bucket of 0.8 seconds of a limit per minute, and of no less than 1. */
function reservoirOf(perMinute: number, nowMs: number): Reservoir {
  return new Reservoir(Math.max(1, (perMinute / 60) * 0.8), perMinute / 60_000, nowMs);
}

describe("Reservoir", () => {
  test("in no span of time lets through more than it holds plus what flows in, whatever happens to it", () => {
    fc.assert(
      fc.property(limits, steps, (perMinute, sequence) => {
        const reservoir = reservoirOf(perMinute, 0);
        const ledger: { atMs: number; net: number; debt: number }[] = [];
        let nowMs = 0;
        for (const step of sequence) {
          if (step.type === "pass") nowMs += step.ms;
          else if (step.type === "settle") reservoir.giveBack(step.weight, nowMs);
          else if (reservoir.waitMs(step.weight, nowMs) === 0) reservoir.take(step.weight, nowMs);
          else continue;
          const net = step.type === "pass" ? 0 : step.type === "take" ? step.weight : -step.weight;
          ledger.push({ atMs: nowMs, net, debt: Math.max(0, -reservoir.level(nowMs)) });
        }
        for (const [from, first] of ledger.entries()) {
          let granted = 0;
          for (const { atMs, net, debt } of ledger.slice(from)) {
            granted += net;
            const allowed = reservoir.capacity + ((atMs - first.atMs) * perMinute) / 60_000 + debt;
            expect(granted).toBeLessThanOrEqual(allowed + tolerance);
          }
        }
      }),
    );
  });

  test("goes into debt only for a weight larger than itself, and then only when it is full", () => {
    fc.assert(
      fc.property(limits, steps, (perMinute, sequence) => {
        const reservoir = reservoirOf(perMinute, 0);
        let nowMs = 0;
        for (const step of sequence) {
          if (step.type === "pass") nowMs += step.ms;
          if (step.type !== "take" || reservoir.waitMs(step.weight, nowMs) > 0) continue;
          const before = reservoir.level(nowMs);
          reservoir.take(step.weight, nowMs);
          const isLarge = step.weight > reservoir.capacity;
          expect(isLarge ? before - reservoir.capacity : reservoir.level(nowMs)).toBeGreaterThanOrEqual(-tolerance);
        }
      }),
    );
  });

  test("says exactly when a weight will fit: not a moment before, and then it does", () => {
    fc.assert(
      fc.property(limits, steps, fc.integer({ min: 1, max: 400 }), (perMinute, sequence, weight) => {
        const reservoir = reservoirOf(perMinute, 0);
        let nowMs = 0;
        for (const step of sequence) {
          if (step.type === "pass") nowMs += step.ms;
          else if (step.type === "settle") reservoir.giveBack(step.weight, nowMs);
          else reservoir.take(step.weight, nowMs);
        }
        const waitMs = reservoir.waitMs(weight, nowMs);
        fc.pre(waitMs > 1);
        expect(reservoir.waitMs(weight, nowMs + waitMs - 0.5)).toBeGreaterThan(0);
        expect(reservoir.waitMs(weight, nowMs + waitMs + 1e-6)).toBe(0);
      }),
    );
  });

  test("on average lets through exactly the limit, though every timer is late", () => {
    const lateness = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(
        fc.integer({ min: 6_000, max: 20_000 }),
        fc.integer({ min: 1, max: 20 }),
        lateness,
        (perMinute, weight, lateMs) => {
          const reservoir = reservoirOf(perMinute, 0);
          let nowMs = 0;
          let granted = 0;
          for (let turn = 0; turn < 500; turn += 1) {
            while (reservoir.waitMs(weight, nowMs) === 0) {
              reservoir.take(weight, nowMs);
              granted += weight;
            }
            nowMs += reservoir.waitMs(weight, nowMs) + (lateMs[turn % lateMs.length] ?? 0);
          }
          const flowedIn = (nowMs * perMinute) / 60_000;
          expect(granted + reservoir.level(nowMs)).toBeCloseTo(reservoir.capacity + flowedIn, 3);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("never has more to give than its capacity, after an idle hour or a refund", () => {
    const reservoir = reservoirOf(6_000, 0);
    reservoir.giveBack(1_000, 0);
    expect(reservoir.level(0)).toBe(80);
    reservoir.take(80, 0);
    expect(reservoir.level(3_600_000)).toBe(80);
  });

  test("pays off the debt of a large request before anyone is served, so that the average holds", () => {
    const reservoir = reservoirOf(6_000, 0);
    reservoir.take(280, 0);
    expect(reservoir.waitMs(0, 0)).toBeCloseTo(2_000, 3);
    expect(reservoir.waitMs(1, 0)).toBeCloseTo(2_010, 3);
  });

  test("is not emptied or filled by a clock that is read out of order", () => {
    const reservoir = reservoirOf(6_000, 1_000);
    reservoir.take(80, 1_000);
    expect(reservoir.level(500)).toBeCloseTo(0);
    expect(reservoir.level(1_100)).toBeCloseTo(10);
  });

  test("when another client took some too there is that much less, and never more than was there", () => {
    const reservoir = reservoirOf(6_000, 0);
    reservoir.lower(30, 0);
    expect(reservoir.level(0)).toBe(30);
    reservoir.lower(70, 0);
    expect(reservoir.level(0)).toBe(30);
  });

  test("keeps what it has when it is resized, as far as there is place for it", () => {
    const reservoir = reservoirOf(6_000, 0);
    reservoir.take(100, 0);
    reservoir.resize(10, 1, 0);
    expect(reservoir.level(0)).toBe(-20);
    reservoir.resize(5, 1, 1_000);
    expect(reservoir.level(1_000)).toBe(5);
  });
});
