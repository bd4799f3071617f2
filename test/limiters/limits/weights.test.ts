import { expect, test } from "vitest";
import { noUsage } from "../../support/usage.ts";
import { reservedWeights, unusedWeights } from "../../../src/limiters/limits/weights.ts";
import type { Cost, TokenCounting } from "../../../src/model/cost.ts";
import { answered, failed } from "../attempts.ts";

function cost(counting: TokenCounting): Cost {
  return { model: "m", inputTokens: 30, counting };
}

test.each([
  ["sum", 130],
  ["larger", 100],
  ["input", 30],
] as const)("tokens counted by %s take what that provider counts", (counting, tokens) => {
  const weights = { requests: 1, tokens, "input-tokens": 30, "output-tokens": 100 };
  expect(reservedWeights(cost(counting), { reserved: 100, expected: 100 })).toEqual(weights);
});

test("a limit on output alone counts what is expected, not what is allowed", () => {
  const weights = { requests: 1, tokens: 130, "input-tokens": 30, "output-tokens": 20 };
  expect(reservedWeights(cost("sum"), { reserved: 100, expected: 20 })).toEqual(weights);
});

const reserved = reservedWeights(cost("sum"), { reserved: 70, expected: 70 });

test("what an answer did not use is given back, what it used beyond is taken; the request stays taken", () => {
  expect(unusedWeights(reserved, cost("sum"), answered(25))).toEqual({
    requests: 0,
    tokens: 75,
    "input-tokens": 5,
    "output-tokens": 70,
  });
  expect(unusedWeights(reserved, cost("sum"), answered(130)).tokens).toBe(-30);
});

test("tokens that the provider had in its cache do not count where only the request counts", () => {
  const usage = { ...noUsage, promptTokens: 40, cachedTokens: 25, completionTokens: 10 };
  const attempt = { ok: true, response: { statusCode: 200, requestId: "", body: "{}", usage } } as const;
  expect(unusedWeights(reservedWeights(cost("input"), { reserved: 0, expected: 0 }), cost("input"), attempt).tokens).toBe(
    30 - 15,
  );
  expect(unusedWeights(reserved, cost("sum"), attempt).tokens).toBe(100 - 50);
});

test("an answer without usage says nothing, so the estimate stands", () => {
  expect(unusedWeights(reserved, cost("sum"), answered(0)).tokens).toBe(0);
});

test.each(["rate_limit", "overloaded", "server_error", "network"] as const)(
  "a %s used no tokens, but it was a request",
  (kind) => {
    expect(unusedWeights(reserved, cost("sum"), failed(kind))).toEqual({ ...reserved, requests: 0 });
  },
);

test.each(["timeout", "invalid_response", "incomplete_stream", "cancelled"] as const)(
  "after a %s the work may have been done",
  (kind) => {
    expect(unusedWeights(reserved, cost("sum"), failed(kind)).tokens).toBe(0);
  },
);

test("a failure that was billed is settled by its bill", () => {
  const billed = { ...failed("server_error"), usage: { ...noUsage, promptTokens: 40 } };
  expect(unusedWeights(reserved, cost("sum"), billed).tokens).toBe(60);
});
