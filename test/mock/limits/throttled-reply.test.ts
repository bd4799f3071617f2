import { describe, expect, it } from "vitest";
import type { Shortage } from "../../../src/mock/limits/rate-limits.ts";
import { throttledReply } from "../../../src/mock/limits/throttled-reply.ts";

const shortage: Shortage = { type: "requests", limit: 600, used: 600, requested: 1, retryAfterMs: 120 };
const told = "Rate limit reached for gpt-x on requests per min (RPM): Limit 600, Used 600, Requested 1.";

describe("throttledReply", () => {
  it("words a 429 as OpenAI does", () => {
    const reply = throttledReply("gpt-x", shortage, { rules: "openai", limitWords: true, retryAfter: "exact" });
    const message = `${told} Please try again in 120ms.`;
    expect(reply.statusCode).toBe(429);
    expect(reply.headers).toEqual({ "retry-after": "1", "retry-after-ms": "120" });
    expect(JSON.parse(reply.body)).toEqual({ error: { message, type: "requests", param: null, code: "rate_limit_exceeded" } });
  });

  it("rounds whole seconds up, so that a client that reads only those does not come early", () => {
    const reply = throttledReply(
      "m",
      { ...shortage, retryAfterMs: 7001 },
      { rules: "openai", limitWords: true, retryAfter: "exact" },
    );
    expect(reply.headers).toEqual({ "retry-after": "8", "retry-after-ms": "7001" });
  });

  it("tells whole seconds only, in words too, or nothing, if it was told to", () => {
    const seconds = throttledReply(
      "gpt-x",
      { ...shortage, retryAfterMs: 7001 },
      { rules: "second", limitWords: true, retryAfter: "seconds" },
    );
    expect(seconds.headers).toEqual({ "retry-after": "8" });
    expect(JSON.parse(seconds.body).error.message).toBe(`${told} Please try again in 8s.`);
    const nothing = throttledReply("gpt-x", shortage, { rules: "window", limitWords: true, retryAfter: "none" });
    expect(nothing.headers).toEqual({});
    expect(JSON.parse(nothing.body).error.message).toBe(told);
  });

  it("words a 429 as Anthropic does, in whole seconds", () => {
    const reply = throttledReply(
      "m",
      { ...shortage, type: "output tokens" },
      { rules: "anthropic", limitWords: true, retryAfter: "exact" },
    );
    const message = "This request would exceed your organization's rate limit of 600 output tokens per minute.";
    expect(reply).toMatchObject({ statusCode: 429, headers: { "retry-after": "1" } });
    expect(reply.headers).not.toHaveProperty("retry-after-ms");
    expect(JSON.parse(reply.body)).toEqual({ type: "error", error: { type: "rate_limit_error", message } });
    expect(throttledReply("m", shortage, { rules: "anthropic", limitWords: true, retryAfter: "none" }).headers).toEqual({});
  });

  it.each(["openai", "anthropic"] as const)("says nothing of the limit by the rules of %s, if it was told to", (rules) => {
    const reply = throttledReply("gpt-x", shortage, { rules, limitWords: false, retryAfter: "seconds" });
    expect(reply).toMatchObject({ statusCode: 429, headers: { "retry-after": "1" } });
    expect(reply.body).not.toMatch(/600|per min|requests"/);
  });
});
