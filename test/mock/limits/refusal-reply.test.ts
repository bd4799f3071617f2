import { describe, expect, it } from "vitest";
import type { Refusal } from "../../../src/mock/limits/rate-limits.ts";
import { refusalReply } from "../../../src/mock/limits/refusal-reply.ts";

const refusal: Refusal = { type: "requests", limit: 600, used: 600, requested: 1, retryAfterMs: 120 };
const told = "Rate limit reached for gpt-x on requests per min (RPM): Limit 600, Used 600, Requested 1.";

describe("refusalReply", () => {
  it("words a refusal as OpenAI does", () => {
    const reply = refusalReply("gpt-x", refusal, { rules: "openai", limitWords: true, retryAfter: "exact" });
    const message = `${told} Please try again in 120ms.`;
    expect(reply.statusCode).toBe(429);
    expect(reply.headers).toEqual({ "retry-after": "1", "retry-after-ms": "120" });
    expect(JSON.parse(reply.body)).toEqual({ error: { message, type: "requests", param: null, code: "rate_limit_exceeded" } });
  });

  it("rounds whole seconds up, so that who reads only those does not come early", () => {
    const reply = refusalReply(
      "m",
      { ...refusal, retryAfterMs: 7001 },
      { rules: "openai", limitWords: true, retryAfter: "exact" },
    );
    expect(reply.headers).toEqual({ "retry-after": "8", "retry-after-ms": "7001" });
  });

  it("tells whole seconds only, in words too, or nothing, if it was told to", () => {
    const seconds = refusalReply(
      "gpt-x",
      { ...refusal, retryAfterMs: 7001 },
      { rules: "second", limitWords: true, retryAfter: "seconds" },
    );
    expect(seconds.headers).toEqual({ "retry-after": "8" });
    expect(JSON.parse(seconds.body).error.message).toBe(`${told} Please try again in 8s.`);
    const nothing = refusalReply("gpt-x", refusal, { rules: "window", limitWords: true, retryAfter: "none" });
    expect(nothing.headers).toEqual({});
    expect(JSON.parse(nothing.body).error.message).toBe(told);
  });

  it("words a refusal as Anthropic does, in whole seconds", () => {
    const reply = refusalReply(
      "m",
      { ...refusal, type: "output tokens" },
      { rules: "anthropic", limitWords: true, retryAfter: "exact" },
    );
    const message = "This request would exceed your organization's rate limit of 600 output tokens per minute.";
    expect(reply).toMatchObject({ statusCode: 429, headers: { "retry-after": "1" } });
    expect(reply.headers).not.toHaveProperty("retry-after-ms");
    expect(JSON.parse(reply.body)).toEqual({ type: "error", error: { type: "rate_limit_error", message } });
    expect(refusalReply("m", refusal, { rules: "anthropic", limitWords: true, retryAfter: "none" }).headers).toEqual({});
  });

  it.each(["openai", "anthropic"] as const)("says nothing of the limit by the rules of %s, if it was told to", (rules) => {
    const reply = refusalReply("gpt-x", refusal, { rules, limitWords: false, retryAfter: "seconds" });
    expect(reply).toMatchObject({ statusCode: 429, headers: { "retry-after": "1" } });
    expect(reply.body).not.toMatch(/600|per min|requests"/);
  });
});
