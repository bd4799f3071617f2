import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../../src/mock/limits/token-bucket.ts";

interface Step {
  readonly afterMs: number;
  readonly cost: number;
}

/** Pauses from none at all to longer than the bucket takes to fill. */
const steps = (largestCost: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })),
      cost: fc.integer({ min: 1, max: largestCost }),
    }),
    {
      maxLength: 80,
    },
  );

/** Plays the steps on a clock of its own. @returns what was let through, and when. */
function admitted(bucket: TokenBucket, clock: { nowMs: number }, played: readonly Step[]): { atMs: number; cost: number }[] {
  const through: { atMs: number; cost: number }[] = [];
  for (const { afterMs, cost } of played) {
    clock.nowMs += afterMs;
    if (bucket.waitMs(cost) > 0) continue;
    bucket.take(cost);
    through.push({ atMs: clock.nowMs, cost });
  }
  return through;
}

describe("TokenBucket", () => {
  it("lets through no more than one second's worth plus what flows in, in any window", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), steps(2000), (perMinute, played) => {
        const clock = { nowMs: 5 };
        const bucket = new TokenBucket(perMinute, () => clock.nowMs);
        const through = admitted(bucket, clock, played);
        for (let from = 0; from < through.length; from += 1) {
          let sum = 0;
          for (const { atMs, cost } of through.slice(from)) {
            const allowed = bucket.capacity + (perMinute / 60_000) * (atMs - (through[from]?.atMs ?? 0));
            const overhang = Math.max(0, cost - bucket.capacity);
            expect(sum + cost).toBeLessThanOrEqual(allowed + overhang + 1e-6);
            sum += cost;
          }
        }
      }),
    );
  });

  it("never lets a cost wait longer than it said, nor shorter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        steps(5000),
        fc.integer({ min: 1, max: 5000 }),
        (perMinute, played, cost) => {
          const clock = { nowMs: 0 };
          const bucket = new TokenBucket(perMinute, () => clock.nowMs);
          admitted(bucket, clock, played);
          const waitMs = bucket.waitMs(cost);
          fc.pre(waitMs > 0.001);
          clock.nowMs += waitMs * 0.999;
          expect(bucket.waitMs(cost)).toBeGreaterThan(0);
          clock.nowMs += waitMs * 0.001 + 1e-6;
          expect(bucket.waitMs(cost)).toBe(0);
        },
      ),
    );
  });

  it("lets something larger than itself through when full, and then pays it off", () => {
    const clock = { nowMs: 0 };
    const bucket = new TokenBucket(600, () => clock.nowMs);
    expect(bucket.waitMs(25)).toBe(0);
    bucket.take(25);
    expect(bucket.level()).toBe(-15);
    expect(bucket.waitMs(1)).toBe(1600);
    clock.nowMs += 1600;
    expect(bucket.waitMs(1)).toBe(0);
    expect(bucket.waitMs(25)).toBe(900);
  });

  it("holds one request even when the limit is below one a second", () => {
    const bucket = new TokenBucket(6, () => 0);
    expect(bucket.available()).toBe(1);
    expect(bucket.waitMs(1)).toBe(0);
    bucket.take(1);
    expect(bucket.waitMs(1)).toBe(10_000);
  });

  it("is not filled beyond its brim by a refund that comes late", () => {
    const clock = { nowMs: 0 };
    const bucket = new TokenBucket(600, () => clock.nowMs);
    bucket.take(10);
    clock.nowMs = 60_000;
    bucket.take(-10);
    expect(bucket.level()).toBe(10);
  });
});
