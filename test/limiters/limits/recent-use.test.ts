import { describe, expect, it } from "vitest";
import { LimitSet } from "../../../src/limiters/limits/limit-set.ts";
import { PacedLimit } from "../../../src/limiters/limits/paced-limit.ts";
import { QuotaLimit } from "../../../src/limiters/limits/quota-limit.ts";

describe("how much of a limit is used", () => {
  it.each([1, 0.5, 0.1])("is %s when that share of a pace was taken, minute after minute, and then falls to 0", (part) => {
    let nowMs = 5_000;
    const limit = new PacedLimit({ unit: "tokens", amount: 60_000, periodMs: 60_000 }, "configured", () => nowMs);
    expect(limit.saturation()).toBe(0);
    for (let second = 0; second < 150; second += 1) {
      limit.take(1_000);
      nowMs += 500;
      limit.giveBack(1_000 * (1 - part));
      nowMs += 500;
    }
    expect(limit.saturation()).toBeCloseTo(part, 1);
    nowMs += 30_000;
    expect(limit.saturation()).toBeCloseTo(part / 2, 1);
    nowMs += 40_000;
    expect(limit.saturation()).toBe(0);
  });

  it("is 1 at most, however the first of it came in a burst", () => {
    let nowMs = 0;
    const limit = new PacedLimit({ unit: "requests", amount: 600, periodMs: 60_000 }, "configured", () => nowMs);
    limit.take(5);
    nowMs += 1;
    expect(limit.saturation()).toBe(1);
  });

  it("is that of the whole period for a day's limit, which may be used up at once", () => {
    let nowMs = 0;
    const quota = new QuotaLimit({ unit: "requests", amount: 200, periodMs: 86_400_000 }, () => nowMs);
    quota.take(50);
    nowMs += 3_600_000;
    expect(new LimitSet([quota]).status()).toMatchObject([{ amount: 200, available: 150, saturation: 0.25 }]);
    nowMs += 86_400_000;
    expect(quota.saturation()).toBe(0);
  });
});
