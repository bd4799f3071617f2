import { beforeEach, describe, expect, test } from "vitest";
import { LearntLimits } from "../../src/limiters/learnt-limits.ts";
import { LimitSet } from "../../src/limiters/limit-set.ts";
import type { Measure, RateLimit, RateLimitReport } from "../../src/model/rate-limit.ts";

const weights = { requests: 1, tokens: 100, "input-tokens": 50, "output-tokens": 50 };
let nowMs = 0;
let limits: LimitSet;
let learnt: RateLimit[] = [];
let learner: LearntLimits;

beforeEach(() => {
  nowMs = 0;
  learnt = [];
  limits = new LimitSet();
  learner = new LearntLimits({ model: "m", limits, clock: () => nowMs, onLearnt: (limit) => learnt.push(limit) });
});

function report(measure: Measure, limit: number, remaining?: number, periodMs = 60_000): RateLimitReport {
  return { measure, limit, remaining, periodMs };
}

describe("limits learnt from headers", () => {
  test("are kept from the first response on, and called out once", () => {
    for (let response = 0; response < 5; response += 1) learner.observe([report("requests", 600, 9)], nowMs);
    expect(learnt).toEqual([{ measure: "requests", amount: 600, periodMs: 60_000, model: "m" }]);
    limits.take(weights);
    expect(limits.hold(weights)).toMatchObject({ binding: "requests", amount: 600, source: "headers" });
  });

  test("change when the provider changes them", () => {
    learner.observe([report("tokens", 90_000)], nowMs);
    learner.observe([report("tokens", 30_000)], nowMs);
    expect(learnt.map(({ amount }) => amount)).toEqual([90_000, 30_000]);
    expect(limits.status()).toMatchObject([{ amount: 30_000 }]);
  });

  test("tighten when somebody else uses them too", () => {
    learner.observe([report("requests", 60_000, 900)], nowMs);
    nowMs += 1_000;
    expect(limits.hold(weights)).toBeUndefined();
    learner.observe([report("requests", 60_000, 0)], nowMs);
    expect(limits.hold(weights)).toMatchObject({ binding: "requests" });
  });

  test("are not tightened by what a response says of a moment long ago", () => {
    learner.observe([report("requests", 600, 9)], nowMs);
    nowMs += 10_000;
    learner.observe([report("requests", 600, 0)], 0);
    expect(limits.hold(weights)).toBeUndefined();
  });

  test("by the day set no pace", () => {
    learner.observe([report("requests", 14_400, 14_399, 86_400_000)], nowMs);
    expect(limits.areSet).toBe(false);
    expect(learnt).toEqual([]);
  });

  test("of a project and of its organisation: the smaller one counts", () => {
    learner.observe([report("tokens", 90_000), report("tokens", 40_000)], nowMs);
    expect(limits.status()).toMatchObject([{ amount: 40_000 }]);
  });
});
