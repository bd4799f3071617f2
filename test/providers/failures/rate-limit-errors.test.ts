import { anything, assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { unitOfRejection, readLimitsOfRefusal } from "../../../src/providers/failures/rate-limit-errors.ts";

const minute = 60_000;
const day = 86_400_000;

function ofMessage(message: string): unknown {
  return { error: { message, type: "rate_limit_error" } };
}

describe("the limit that a refusal names", () => {
  const organization = "in organization org-abc on";
  test.each([
    [
      `Rate limit reached for gpt-4o ${organization} requests per min (RPM): Limit 500, Used 500, Requested 1.`,
      "requests",
      500,
      minute,
      0,
    ],
    [
      `Rate limit reached for gpt-4o ${organization} tokens per min (TPM): Limit 30000, Used 29500, Requested 1000. Please try again in 1s.`,
      "tokens",
      30_000,
      minute,
      500,
    ],
    [
      `Rate limit reached for gpt-4o ${organization} requests per day (RPD): Limit 200, Used 200, Requested 1.`,
      "requests",
      200,
      day,
      0,
    ],
    [
      "Rate limit reached for model `llama` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 7313, Requested ~900.",
      "tokens",
      6_000,
      minute,
      0,
    ],
    [
      "Rate limit reached for default-gpt on requests per min. Limit: 3 / min. Please try again in 20s.",
      "requests",
      3,
      minute,
      0,
    ],
    [
      "This request would exceed your organization's rate limit of 30,000 input tokens per minute (org: 1-2, model: claude). For details, refer to: https://docs.claude.com",
      "input-tokens",
      30_000,
      minute,
      0,
    ],
    [
      "This request would exceed the rate limit for your organization (a22cf6e6-a940) of 1,000,000 output tokens per minute. Please reduce",
      "output-tokens",
      1_000_000,
      minute,
      0,
    ],
    ["This request would exceed the rate limit for your organization (a) of 50 requests per minute.", "requests", 50, minute, 0],
    [
      "Too many tokens for team t and model m. Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000. You can",
      "tokens",
      16_000,
      minute,
      0,
    ],
    ["Too many requests. Your team's rate limit is — Requests per Second (actual/limit): 2/1.", "requests", 1, 1_000, 0],
  ] as const)("%s", (message, unit, limit, periodMs, remaining) => {
    const body = ofMessage(message);
    expect(readLimitsOfRefusal(body)).toEqual([{ unit, limit, periodMs, remaining, source: "errors" }]);
    expect(unitOfRejection(body, [])).toBe(unit);
  });

  test("stands in fields, several of them, where Google refuses", () => {
    const violations = [
      { quotaId: "GenerateContentInputTokensPerModelPerMinute-FreeTier", quotaValue: "250000" },
      { quotaId: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", quotaValue: "15" },
      { quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: "200" },
      { quotaId: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier" },
      { quotaId: "SomethingElse", quotaValue: "7" },
    ];
    const error = {
      code: 429,
      message: "You exceeded your current quota",
      status: "RESOURCE_EXHAUSTED",
      details: [{ violations }],
    };
    const told = { remaining: 0, source: "errors" };
    expect(readLimitsOfRefusal([{ error }])).toEqual([
      { unit: "input-tokens", limit: 250_000, periodMs: minute, ...told },
      { unit: "requests", limit: 15, periodMs: minute, ...told },
      { unit: "requests", limit: 200, periodMs: day, ...told },
    ]);
  });

  test.each([
    [
      "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier.",
      "tokens",
    ],
    [
      "Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current OpenAI S0 pricing tier.",
      "requests",
    ],
    ["Tokens per minute limit exceeded - too many tokens processed.", "tokens"],
    ["Requests per minute limit exceeded - too many requests sent.", "requests"],
  ])("may have no amount: %s", (message, unit) => {
    expect(readLimitsOfRefusal(ofMessage(message))).toBeUndefined();
    expect(unitOfRejection(ofMessage(message), [])).toBe(unit);
  });

  test("is OpenAI's type first of all", () => {
    expect(unitOfRejection(ofMessage("on requests per min (RPM): Limit 3, Used 3, Requested 1"), ["tokens"])).toBe("tokens");
  });

  test.each([
    "Too many requests.",
    "You exceeded your current quota, please check your plan and billing details.",
    "Number of request tokens has exceeded your per-minute rate limit",
    "Quota exceeded for metric: generate_content_free_tier_requests, limit: 0, model: m",
    "on tokens per min (TPM): Limit 0, Used 0, Requested 1",
    "This request would exceed your organization's rate limit of many input tokens per minute",
    "rate limit of ,, tokens per minute",
  ])("is none in: %s", (message) => {
    expect(readLimitsOfRefusal(ofMessage(message))).toBeUndefined();
    expect(unitOfRejection(ofMessage(message), [])).toBeUndefined();
  });

  test("is looked for at the beginning of a text, not in megabytes of it", () => {
    const words = "rate limit of 50 requests per minute";
    expect(readLimitsOfRefusal(ofMessage(`${" ".repeat(1_900)}${words}`))).toHaveLength(1);
    expect(readLimitsOfRefusal(ofMessage(`${" ".repeat(3_000_000)}${words}`))).toBeUndefined();
  });

  test("is one of the first few in a list of a hundred thousand, which took minutes to compare", () => {
    const violation = { quotaId: "GenerateRequestsPerMinutePerProjectPerModel", quotaValue: "15" };
    const many = Array.from({ length: 100_000 }, () => violation);
    expect(readLimitsOfRefusal({ error: { details: [{ violations: many }] } })).toHaveLength(20);
    expect(readLimitsOfRefusal({ error: { details: many.map(() => ({ violations: [violation] })) } })).toHaveLength(20);
  });

  test("never throws", () => {
    assert(property(anything(), (body) => readLimitsOfRefusal(body) === undefined));
    assert(property(string(), (text) => readLimitsOfRefusal(ofMessage(text)) === undefined));
    for (const part of ["rate limit ", "tokens per min ", "1,", " of 1,000 ", "tokens per minute Limit 1"])
      expect(() => readLimitsOfRefusal(ofMessage(part.repeat(200_000)))).not.toThrow();
  });
});
