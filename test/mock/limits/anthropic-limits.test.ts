import { describe, expect, it } from "vitest";
import { createRateLimits } from "../../../src/mock/limits/create-rate-limits.ts";
import { type Demand, nothingUsed, type RateLimits } from "../../../src/mock/limits/rate-limits.ts";

const rules = "anthropic" as const;
const none = { tokensPerMinute: undefined, requestsPerMinute: undefined };
const demand: Demand = { inputTokens: 400, maxOutputTokens: 1_000_000 };

describe("limits by the rules of anthropic", () => {
  let nowMs = 0;
  const limitsOf = (requestsPerMinute: number, inputTokensPerMinute: number, outputTokensPerMinute: number): RateLimits => {
    const limits = { rules, requestsPerMinute, inputTokensPerMinute, outputTokensPerMinute };
    nowMs = 0;
    return createRateLimits({ ...none, ...limits }, { now: () => nowMs, epochMs: () => Date.UTC(2026, 0, 1) + nowMs });
  };

  it("count input at once, and correct it when it is known", () => {
    const limits = limitsOf(6000, 60_000, 60_000);
    expect([limits.admit(demand), limits.admit(demand)]).toEqual([undefined, undefined]);
    expect(limits.admit(demand)).toMatchObject({ type: "input tokens", limit: 60_000, retryAfterMs: 200 });
    limits.settle(demand, { inputTokens: 200, outputTokens: 0 });
    expect(limits.admit(demand)).toBeUndefined();
    expect(limits.admit(demand)).toMatchObject({ type: "input tokens", retryAfterMs: 400 });
    limits.settle(demand, nothingUsed);
    expect(limits.admit(demand)).toBeUndefined();
  });

  it("do not care for max_tokens, but let no request in while output is in debt", () => {
    const limits = limitsOf(6000, 600_000, 60_000);
    expect([limits.admit(demand), limits.admit(demand)]).toEqual([undefined, undefined]);
    limits.settle(demand, { inputTokens: 400, outputTokens: 900 });
    expect(limits.admit(demand)).toBeUndefined();
    limits.settle(demand, { inputTokens: 400, outputTokens: 1100 });
    expect(limits.admit(demand)).toMatchObject({ type: "output tokens", retryAfterMs: 1001 });
    nowMs += 1001;
    expect(limits.admit(demand)).toBeUndefined();
  });

  it("say in headers what is left, tokens in thousands, and at which second all of it will be back", () => {
    const limits = limitsOf(60, 600_000, 60_000);
    limits.admit({ ...demand, inputTokens: 3700 });
    expect(limits.headers()).toEqual({
      "anthropic-ratelimit-requests-limit": "60",
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:01Z",
      "anthropic-ratelimit-input-tokens-limit": "600000",
      "anthropic-ratelimit-input-tokens-remaining": "6000",
      "anthropic-ratelimit-input-tokens-reset": "2026-01-01T00:00:01Z",
      "anthropic-ratelimit-output-tokens-limit": "60000",
      "anthropic-ratelimit-output-tokens-remaining": "1000",
      "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:00:00Z",
      "anthropic-ratelimit-tokens-limit": "600000",
      "anthropic-ratelimit-tokens-remaining": "6000",
      "anthropic-ratelimit-tokens-reset": "2026-01-01T00:00:01Z",
    });
  });
});
