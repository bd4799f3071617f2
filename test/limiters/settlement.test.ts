import { expect, test } from "vitest";
import { unusedTokens } from "../../src/limiters/settlement.ts";
import { noUsage } from "../../src/model/usage.ts";
import { answered, failed } from "./attempts.ts";

test("what an answer did not use is given back, what it used beyond is taken", () => {
  expect(unusedTokens(100, answered(30))).toBe(70);
  expect(unusedTokens(100, answered(130))).toBe(-30);
});

test("an answer without usage says nothing, so the estimate stands", () => {
  expect(unusedTokens(100, answered(0))).toBe(0);
});

test.each(["rate_limit", "overloaded", "server_error", "network"] as const)("a %s used no tokens", (kind) => {
  expect(unusedTokens(100, failed(kind))).toBe(100);
});

test.each(["timeout", "invalid_response", "incomplete_stream", "cancelled"] as const)(
  "after a %s the work may have been done",
  (kind) => {
    expect(unusedTokens(100, failed(kind))).toBe(0);
  },
);

test("a failure that was billed is settled by its bill", () => {
  expect(unusedTokens(100, { ...failed("server_error"), usage: { ...noUsage, promptTokens: 40 } })).toBe(60);
});
