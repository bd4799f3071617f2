import { expect, test } from "vitest";
import { parseRateLimit } from "../../src/config/parse-rate-limit.ts";
import { describeRateLimit } from "../../src/model/rate-limit.ts";

test.each([
  ["requests=10000/1d", { unit: "requests", amount: 10_000, periodMs: 86_400_000 }, "10000 requests/d"],
  ["tokens=1e6/1m", { unit: "tokens", amount: 1_000_000, periodMs: 60_000 }, "1000000 tokens/min"],
  ["input-tokens=40000/m", { unit: "input-tokens", amount: 40_000, periodMs: 60_000 }, "40000 input tokens/min"],
  ["requests=2.5/s", { unit: "requests", amount: 2.5, periodMs: 1_000 }, "2.5 requests/s"],
  ["llama3:8b:requests=30/5h", { unit: "requests", amount: 30, periodMs: 18_000_000, model: "llama3:8b" }, "30 requests/5h"],
  [
    "requests=300/1m,burst=20",
    { unit: "requests", amount: 300, periodMs: 60_000, model: undefined, burst: 20 },
    "300 requests/min",
  ],
])("%s is a limit", (text, limit, description) => {
  expect(parseRateLimit(text)).toEqual(limit);
  expect(describeRateLimit({ unit: "requests", amount: 0, periodMs: 0, ...parseRateLimit(text) })).toBe(description);
});

test.each([
  "",
  "requests",
  "requests=",
  "requests=10",
  "requests=10/",
  "lines=10/1d",
  "requests=-1/1d",
  "requests=0/1d",
  "tokens=1/0s",
  "tokens=e/1d",
  "requests=3/1d,burst=0",
  "requests=3/1d,burst=",
])("%j is none", (text) => {
  expect(parseRateLimit(text)).toBeUndefined();
});
