import { beforeEach, describe, expect, test } from "vitest";
import { LearnedLimits } from "../../../src/limiters/learning/learned-limits.ts";
import { LimitSet } from "../../../src/limiters/limits/limit-set.ts";
import { answered } from "../attempts.ts";
import type { LimitUnit, RateLimit, RateLimitReport } from "../../../src/model/rate-limit.ts";

const weights = { requests: 1, tokens: 100, "input-tokens": 50, "output-tokens": 50 };
let nowMs = 0;
let limits: LimitSet;
let learned: RateLimit[] = [];
let learner: LearnedLimits;

beforeEach(() => {
  nowMs = 0;
  learned = [];
  limits = new LimitSet();
  learner = new LearnedLimits({ model: "m", limits, clock: () => nowMs, onLearned: (limit) => learned.push(limit) });
});

/** What a response says that was asked for at `atMs`, while no other was. */
function observe(reports: readonly RateLimitReport[], atMs: number, othersInFlight = 0): void {
  learner.ended({ attempt: { ...answered(), rateLimits: reports }, start: { atMs, weights }, inFlight: othersInFlight + 1 });
}

// A tenth of a second's worth of tokens, a quarter of output, is kept for jitter on the way and not available.

function report(unit: LimitUnit, limit: number, remaining?: number, periodMs = 60_000): RateLimitReport {
  return { unit, limit, remaining, periodMs, source: "headers" };
}

function rejection(unit: LimitUnit, limit: number, remaining = 0, periodMs = 60_000): RateLimitReport {
  return { unit, limit, remaining, periodMs, source: "errors" };
}

describe("limits learned from headers", () => {
  test("are kept from the first response on, and called out once", () => {
    for (let response = 0; response < 5; response += 1) observe([report("requests", 600, 9)], nowMs);
    expect(learned).toEqual([{ unit: "requests", amount: 600, periodMs: 60_000, model: "m" }]);
    limits.started({ weights });
    expect(limits.blockedBy({ weights })).toMatchObject({ reason: "requests", amount: 600, source: "headers" });
  });

  test("change when the provider changes them", () => {
    observe([report("tokens", 90_000)], nowMs);
    observe([report("tokens", 30_000)], nowMs);
    expect(learned.map(({ amount }) => amount)).toEqual([90_000, 30_000]);
    expect(limits.status()).toMatchObject([{ amount: 30_000 }]);
  });

  test("tighten when another client uses them too", () => {
    observe([report("requests", 60_000, 900)], nowMs);
    nowMs += 1_000;
    expect(limits.blockedBy({ weights })).toBeUndefined();
    observe([report("requests", 60_000, 0)], nowMs);
    expect(limits.blockedBy({ weights })).toMatchObject({ reason: "requests" });
  });

  test("are not tightened by what a response says of a moment long ago", () => {
    observe([report("requests", 600, 9)], nowMs);
    nowMs += 10_000;
    observe([report("requests", 600, 0)], 0);
    expect(limits.blockedBy({ weights })).toBeUndefined();
  });

  test("have given to those under way what they may take, and the rest of what remains is there at once", () => {
    observe([report("tokens", 60_000, 800)], nowMs, 3);
    expect(limits.status()).toMatchObject([{ available: 400 }]);
  });

  test("begin with next to nothing where it is not told what remains", () => {
    observe([report("tokens", 60_000)], nowMs);
    expect(limits.status()).toMatchObject([{ available: 1 }]);
  });

  test("by the second's count have those under way in this second", () => {
    observe([report("requests", 600, 6)], nowMs, 4);
    let starts = 0;
    for (; nowMs < 1_000; nowMs += 1) {
      if (limits.blockedBy({ weights }) !== undefined) continue;
      limits.started({ weights });
      starts += 1;
    }
    expect(starts).toBe(6);
  });

  test("that the user has set are not counted from anew: what is under way was counted from the start", () => {
    const configured = [{ unit: "tokens", amount: 60_000, periodMs: 60_000 } as const];
    learner = new LearnedLimits({
      model: "m",
      limits,
      clock: () => nowMs,
      onLearned: (limit) => learned.push(limit),
      configured,
    });
    observe([report("tokens", 60_000, 850)], nowMs, 3);
    expect(limits.status()).toMatchObject([{ available: 750 }]);
  });

  test("may have half a thousand more than a round thousand says: Anthropic rounds", () => {
    observe([report("output-tokens", 22_500, 0)], nowMs);
    nowMs += 10_000;
    observe([report("output-tokens", 22_500, 0)], nowMs);
    expect(limits.status()).toMatchObject([{ available: 281 }]);
    observe([report("output-tokens", 22_500, 120)], nowMs);
    expect(limits.status()).toMatchObject([{ available: 26 }]);
  });

  test("by the day set no pace", () => {
    observe([report("requests", 14_400, 14_399, 86_400_000)], nowMs);
    expect(limits.areSet).toBe(false);
    expect(learned).toEqual([]);
  });

  test("keep the longest period that was told: late in a window the next may look shorter than it is", () => {
    for (const periodMs of [10_000, 1_000, 60_000, 10_000]) observe([report("requests", 10, 9, periodMs)], nowMs);
    expect(learned.map(({ periodMs }) => periodMs)).toEqual([10_000, 60_000]);
    expect(limits.status()).toMatchObject([{ amount: 10, periodMs: 60_000 }]);
    observe([report("requests", 20, 9, 1_000)], nowMs);
    expect(limits.status()).toMatchObject([{ amount: 20, periodMs: 1_000 }]);
  });

  test("of which one is by the second and one by the minute: the slower one counts, though its figure is larger", () => {
    observe([report("requests", 10, 9, 1_000), report("requests", 60, 50), report("requests", 200, 100, 86_400_000)], nowMs);
    expect(limits.status()).toMatchObject([{ amount: 60, periodMs: 60_000 }]);
  });

  test("of a project and of its organisation: the smaller one counts", () => {
    observe([report("tokens", 90_000), report("tokens", 40_000)], nowMs);
    expect(limits.status()).toMatchObject([{ amount: 40_000 }]);
  });
});

describe("limits learned from what rejections say", () => {
  test("are kept from then on, begin empty, and others under way have had their part", () => {
    observe([rejection("requests", 600)], 0, 50);
    expect(learner.learnedAtMs).toBe(nowMs);
    expect(learned).toEqual([{ unit: "requests", amount: 600, periodMs: 60_000, model: "m" }]);
    expect(limits.blockedBy({ weights })).toMatchObject({ reason: "requests", amount: 600, source: "errors" });
    nowMs += 110;
    expect(limits.blockedBy({ weights })).toBeUndefined();
  });

  test("teach once: to be told the same again is news no more, but says that nothing is left", () => {
    observe([rejection("tokens", 60_000, 1_000)], 0, 0);
    nowMs += 1_000;
    expect(limits.blockedBy({ weights })).toBeUndefined();
    observe([rejection("tokens", 60_000)], nowMs, 0);
    expect(learner.learnedAtMs).not.toBe(nowMs);
    expect(limits.blockedBy({ weights })).toMatchObject({ reason: "tokens" });
    expect(learned).toHaveLength(1);
  });

  test("mean nothing is left where they say so: words are not rounded to thousands", () => {
    observe([rejection("output-tokens", 60_000)], 0, 0);
    nowMs += 1_000;
    observe([rejection("output-tokens", 60_000)], nowMs, 0);
    expect(limits.blockedBy({ weights })).toMatchObject({ reason: "output-tokens" });
  });

  test("are no pace where they are for a day", () => {
    observe([rejection("requests", 200, 0, 86_400_000)], 0, 0);
    expect(learner.learnedAtMs).not.toBe(nowMs);
    expect(limits.blockedBy({ weights })).toBeUndefined();
  });

  test("do not come with every response: whether what is left is known goes by headers", () => {
    observe([rejection("requests", 600)], nowMs);
    expect(learner.areInHeaders).toBe(false);
    observe([report("requests", 600, 5)], nowMs);
    expect(learner.areInHeaders).toBe(true);
  });
});
