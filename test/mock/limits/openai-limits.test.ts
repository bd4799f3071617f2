import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRateLimits, type LimitSettings } from "../../../src/mock/limits/create-rate-limits.ts";
import { type Demand, nothingUsed, type RateLimits } from "../../../src/mock/limits/rate-limits.ts";

const none: LimitSettings = {
  rules: "openai",
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  inputTokensPerMinute: undefined,
  outputTokensPerMinute: undefined,
};

function limitsOf(settings: Partial<LimitSettings>, now: () => number): RateLimits {
  return createRateLimits({ ...none, ...settings }, { now, epochMs: now });
}

/** A request that may be answered with so many tokens, which is more than it has itself. */
function upTo(maxOutputTokens: number): Demand {
  return { inputTokens: 1, maxOutputTokens };
}

describe("limits by the rules of openai", () => {
  it("takes nothing from either limit when one of them is short", () => {
    const limits = limitsOf({ requestsPerMinute: 600, tokensPerMinute: 6000 }, () => 0);
    expect(limits.admit(upTo(90))).toBeUndefined();
    const before = limits.headers();
    expect(limits.admit(upTo(50))).toMatchObject({ type: "tokens", limit: 6000, used: 5990, requested: 50, retryAfterMs: 400 });
    expect(limits.headers()).toEqual(before);
    for (let count = 1; count < 10; count += 1) expect(limits.admit(upTo(1))).toBeUndefined();
    expect(limits.admit(upTo(1))).toMatchObject({ type: "requests", limit: 600, used: 600, requested: 1, retryAfterMs: 100 });
    expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe("1");
  });

  it("tells of no room in a refusal, however long the server pauses between two looks at its clock", () => {
    let nowMs = 0;
    const limits = limitsOf({ requestsPerMinute: 600 }, () => (nowMs += 15));
    const told = Array.from({ length: 200 }, () => limits.admit(upTo(1))?.used);
    expect(new Set(told)).toEqual(new Set([undefined, 600]));
  });

  it("names the limit that holds a request back for longest", () => {
    const limits = limitsOf({ requestsPerMinute: 60, tokensPerMinute: 60 }, () => 0);
    expect(limits.admit(upTo(30))).toBeUndefined();
    expect(limits.admit(upTo(1))).toMatchObject({ type: "tokens", retryAfterMs: 30_000 });
    limits.settle(upTo(30), nothingUsed);
    expect(limits.admit(upTo(1))).toMatchObject({ type: "requests", retryAfterMs: 1000 });
  });

  it("counts what was really used, however much was reserved", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            reserved: fc.integer({ min: 1, max: 3000 }),
            share: fc.double({ min: 0, max: 1, noNaN: true }),
            afterMs: fc.nat(2000),
          }),
          { maxLength: 60 },
        ),
        (played) => {
          let nowMs = 0;
          const limits = limitsOf({ tokensPerMinute: 60_000 }, () => nowMs);
          let used = 0;
          let lastUsed = 0;
          for (const { reserved, share, afterMs } of played) {
            nowMs += afterMs;
            if (limits.admit(upTo(reserved)) !== undefined) continue;
            lastUsed = Math.round(reserved * share);
            limits.settle(upTo(reserved), { inputTokens: 0, outputTokens: lastUsed });
            used += lastUsed;
            expect(used).toBeLessThanOrEqual(1000 + nowMs + Math.max(0, lastUsed - 1000) + 1e-6);
          }
          // Reservations leave no trace: after a while all of it is back, and no more than that.
          nowMs += 3_600_000;
          expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe("1000");
          expect(limits.admit(upTo(1000))).toBeUndefined();
        },
      ),
    );
  });

  it("has no headers and throttles no request when no limit is set", () => {
    const limits = limitsOf({}, () => 0);
    for (let count = 0; count < 1000; count += 1) expect(limits.admit(upTo(1e9))).toBeUndefined();
    expect(limits.headers()).toEqual({});
  });

  it("says in headers what is left and when all of it will be back", () => {
    let nowMs = 0;
    const limits = limitsOf({ requestsPerMinute: 600, tokensPerMinute: 60_000 }, () => nowMs);
    limits.admit(upTo(2500));
    nowMs = 70;
    expect(limits.headers()).toEqual({
      "x-ratelimit-limit-requests": "600",
      "x-ratelimit-remaining-requests": "9",
      "x-ratelimit-reset-requests": "30ms",
      "x-ratelimit-limit-tokens": "60000",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "2.43s",
    });
  });

  it.each<[Demand, number]>([
    [{ inputTokens: 300, maxOutputTokens: 200 }, 300],
    [{ inputTokens: 300, maxOutputTokens: 900 }, 900],
    [{ inputTokens: 300, maxOutputTokens: undefined }, 316],
    [{ inputTokens: 300, maxOutputTokens: 0 }, 300],
  ])("count %j as %d tokens until it is answered, then as what it was", (demand, tokens) => {
    const limits = limitsOf({ tokensPerMinute: 60_000 }, () => 0);
    limits.admit(demand);
    expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe(String(1000 - tokens));
    limits.settle(demand, { inputTokens: 280, outputTokens: 20 });
    expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe("700");
  });
});

describe("limits by the rules of second", () => {
  it("deal requests out each second, tokens continuously, and tell the rest in plain seconds", () => {
    let nowMs = 50_000;
    const limits = limitsOf({ rules: "second", requestsPerMinute: 120, tokensPerMinute: 60_000 }, () => nowMs);
    expect([limits.admit(upTo(100)), limits.admit(upTo(500))]).toEqual([undefined, undefined]);
    nowMs += 400;
    expect(limits.admit(upTo(1))).toMatchObject({ type: "requests", limit: 120, retryAfterMs: 600 });
    expect(limits.headers()).toMatchObject({
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "1",
      "x-ratelimit-remaining-tokens": "800",
    });
    nowMs += 600;
    expect([limits.admit(upTo(1)), limits.admit(upTo(1))]).toEqual([undefined, undefined]);
    expect(limits.admit(upTo(1))).toMatchObject({ type: "requests", retryAfterMs: 1000 });
  });
});

describe("limits by the rules of window", () => {
  it("deal everything out each minute and tell when the next begins", () => {
    let nowMs = 7;
    const limits = limitsOf({ rules: "window", requestsPerMinute: 3, tokensPerMinute: 1000 }, () => nowMs);
    for (const tokens of [400, 400]) expect(limits.admit(upTo(tokens))).toBeUndefined();
    nowMs += 20_000;
    expect(limits.admit(upTo(400))).toMatchObject({ type: "tokens", used: 800, retryAfterMs: 40_000 });
    expect(limits.admit(upTo(200))).toBeUndefined();
    expect(limits.admit(upTo(1))).toMatchObject({ retryAfterMs: 40_000 });
    nowMs += 39_999;
    expect(limits.admit(upTo(1))).toMatchObject({ retryAfterMs: 1 });
    nowMs += 1;
    for (const tokens of [400, 400]) expect(limits.admit(upTo(tokens))).toBeUndefined();
  });
});
