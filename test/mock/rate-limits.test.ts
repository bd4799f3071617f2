import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimits, refusalReply } from "../../src/mock/rate-limits.ts";

const none = { requestsPerMinute: undefined, tokensPerMinute: undefined };

describe("RateLimits", () => {
  it("takes nothing from either limit when one of them refuses", () => {
    const limits = new RateLimits({ requestsPerMinute: 600, tokensPerMinute: 6000 }, () => 0);
    expect(limits.admit(90)).toBeUndefined();
    const before = limits.headers();
    expect(limits.admit(50)).toMatchObject({ type: "tokens", limit: 6000, used: 5990, requested: 50, retryAfterMs: 400 });
    expect(limits.headers()).toEqual(before);
    for (let count = 1; count < 10; count += 1) expect(limits.admit(1)).toBeUndefined();
    expect(limits.admit(1)).toMatchObject({ type: "requests", limit: 600, used: 600, requested: 1, retryAfterMs: 100 });
    expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe("1");
  });

  it("names the limit that holds a request back for longest", () => {
    const limits = new RateLimits({ requestsPerMinute: 60, tokensPerMinute: 60 }, () => 0);
    expect(limits.admit(30)).toBeUndefined();
    expect(limits.admit(1)).toMatchObject({ type: "tokens", retryAfterMs: 30_000 });
    limits.settle(30, 0);
    expect(limits.admit(1)).toMatchObject({ type: "requests", retryAfterMs: 1000 });
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
          const limits = new RateLimits({ ...none, tokensPerMinute: 60_000 }, () => nowMs);
          let used = 0;
          let lastUsed = 0;
          for (const { reserved, share, afterMs } of played) {
            nowMs += afterMs;
            if (limits.admit(reserved) !== undefined) continue;
            lastUsed = Math.round(reserved * share);
            limits.settle(reserved, lastUsed);
            used += lastUsed;
            expect(used).toBeLessThanOrEqual(1000 + nowMs + Math.max(0, lastUsed - 1000) + 1e-6);
          }
          // Reservations leave no trace: after a while all of it is back, and no more than that.
          nowMs += 3_600_000;
          expect(limits.headers()["x-ratelimit-remaining-tokens"]).toBe("1000");
          expect(limits.admit(1000)).toBeUndefined();
        },
      ),
    );
  });

  it("has no headers and refuses nobody when no limit is set", () => {
    const limits = new RateLimits(none, () => 0);
    for (let count = 0; count < 1000; count += 1) expect(limits.admit(1e9)).toBeUndefined();
    expect(limits.headers()).toEqual({});
  });

  it("says in headers what is left and when all of it will be back", () => {
    let nowMs = 0;
    const limits = new RateLimits({ requestsPerMinute: 600, tokensPerMinute: 60_000 }, () => nowMs);
    limits.admit(2500);
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
});

describe("refusalReply", () => {
  it("words a refusal as OpenAI does", () => {
    const reply = refusalReply("gpt-x", { type: "requests", limit: 600, used: 600, requested: 1, retryAfterMs: 120 });
    const message =
      "Rate limit reached for gpt-x on requests per min (RPM): Limit 600, Used 600, Requested 1. Please try again in 120ms.";
    expect(reply.statusCode).toBe(429);
    expect(reply.headers).toEqual({ "retry-after": "1", "retry-after-ms": "120" });
    expect(JSON.parse(reply.body)).toEqual({ error: { message, type: "requests", param: null, code: "rate_limit_exceeded" } });
  });

  it("rounds whole seconds up, so that who reads only those does not come early", () => {
    const reply = refusalReply("m", { type: "tokens", limit: 1, used: 1, requested: 1, retryAfterMs: 7001 });
    expect(reply.headers).toEqual({ "retry-after": "8", "retry-after-ms": "7001" });
  });
});
