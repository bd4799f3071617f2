import * as fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "../../src/retry/backoff.ts";

const policy = { retryDelayMs: 1_000, maxRetryDelayMs: 60_000 };

test("the ceiling doubles with each retry, up to the longest delay", () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 5_000].map((retry) => backoffMs(retry, policy, () => 1));
  expect(ceilings).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("full jitter: uniform from nothing to the ceiling", () => {
  expect(backoffMs(3, policy, () => 0)).toBe(0);
  expect(backoffMs(3, policy, () => 0.25)).toBe(1_000);
  expect(backoffMs(3, policy, () => 0.999)).toBeCloseTo(3_996);
});

test("never longer than the longest delay, never negative, whatever the policy", () => {
  const delay = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      delay,
      delay,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (retry, first, most, chance) => {
        const waitMs = backoffMs(retry, { retryDelayMs: first, maxRetryDelayMs: most }, () => chance);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test("no delay stays no delay, also after thousands of them", () => {
  expect(backoffMs(5_000, { ...policy, retryDelayMs: 0 }, () => 1)).toBe(0);
});
