import { expect, test } from "vitest";
import { readRateLimits } from "../../../src/providers/failures/rate-limit-headers.ts";

const minute = 60_000;
const source = "headers";
const day = 86_400_000;

function read(headers: Record<string, string>, requestsPeriodMs = minute): unknown {
  return readRateLimits(
    { statusCode: 200, headers, body: {}, text: "", receivedAt: new Date("2026-11-21T12:00:00Z") },
    requestsPeriodMs,
  );
}

test("OpenAI's headers tell requests and tokens per minute, and what is left of them", () => {
  const headers = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "29976",
    "x-ratelimit-reset-tokens": "48ms",
  };
  expect(read(headers)).toEqual([
    { unit: "requests", limit: 500, periodMs: minute, remaining: 499, source },
    { unit: "tokens", limit: 30_000, periodMs: minute, remaining: 29_976, source },
  ]);
});

test("Anthropic's tell input and output tokens apart", () => {
  const headers = {
    "anthropic-ratelimit-requests-limit": "1000",
    "anthropic-ratelimit-requests-remaining": "999",
    "anthropic-ratelimit-requests-reset": "2026-11-21T12:00:01Z",
    "anthropic-ratelimit-input-tokens-limit": "80000",
    "anthropic-ratelimit-input-tokens-remaining": "79000",
    "anthropic-ratelimit-output-tokens-limit": "16000",
    "anthropic-ratelimit-output-tokens-remaining": "16000",
    "anthropic-ratelimit-tokens-limit": "96000",
  };
  expect(read(headers)).toEqual([
    { unit: "requests", limit: 1_000, periodMs: minute, remaining: 999, source },
    { unit: "input-tokens", limit: 80_000, periodMs: minute, remaining: 79_000, source },
    { unit: "output-tokens", limit: 16_000, periodMs: minute, remaining: 16_000, source },
  ]);
});

test("a provider that gives its requests by the day is not paced by them as if they were for a minute", () => {
  const groq = { "x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14399" };
  expect(read({ ...groq, "x-ratelimit-reset-requests": "6s" }, day)).toMatchObject([{ limit: 14_400, periodMs: day }]);
  // Of a provider of which this is not known, the reset tells: what is whole again within a minute is by the minute.
  expect(read({ ...groq, "x-ratelimit-reset-requests": "2m59.56s" })).toMatchObject([{ periodMs: day }]);
});

test("a limit by the second or by ten is not taken for one by the minute: ten a second took a minute for ten lines", () => {
  const azure = { "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1" };
  expect(read({ ...azure, "x-ratelimit-renewalperiod-requests": "10" })).toMatchObject([{ limit: 10, periodMs: 10_000 }]);
  expect(read({ ...azure, "x-ratelimit-renewalperiod-requests": "1" })).toMatchObject([{ limit: 10, periodMs: 1_000 }]);
  expect(read({ ...azure, "x-ratelimit-renewalperiod-requests": "86400" })).toMatchObject([{ limit: 10, periodMs: day }]);
  expect(read({ ...azure, "x-ratelimit-reset-requests": "1s" })).toMatchObject([{ limit: 10, periodMs: 10_000 }]);
  const usedUp = { ...azure, "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s" };
  expect(read(usedUp)).toMatchObject([{ limit: 10, periodMs: 1_000 }]);
  expect(read({ ...azure, "x-ratelimit-reset-requests": "6s" })).toMatchObject([{ limit: 10, periodMs: minute }]);
});

test("a reset that says nothing of the period leaves it a minute", () => {
  const tokens = (remaining: string, reset: string) =>
    read({ "x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": remaining, "x-ratelimit-reset-tokens": reset });
  for (const [remaining, reset] of [
    ["6000", "1s"],
    ["5999", "0"],
    ["5999", "10ms"],
    ["5999", "1ms"],
    ["5234", "7.66s"],
    ["-1", "1s"],
    ["0", "60"],
  ] as const)
    expect(tokens(remaining, reset)).toMatchObject([{ periodMs: minute }]);
  const moment = "2026-11-21T12:00:01Z";
  const anthropic = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "10",
    "anthropic-ratelimit-requests-reset": moment,
  };
  expect(read(anthropic)).toMatchObject([{ periodMs: minute }]);
});

test.each(["0", "-1", "", "many", "NaN"])("a limit of %j says nothing", (limit) => {
  expect(read({ "x-ratelimit-limit-requests": limit, "x-ratelimit-remaining-requests": "5" })).toBeUndefined();
});

test("what is left may be missing or unreadable, and the limit still counts", () => {
  for (const remaining of [undefined, "-1", "?"]) {
    const headers = {
      "x-ratelimit-limit-tokens": "90000",
      ...(remaining !== undefined && { "x-ratelimit-remaining-tokens": remaining }),
    };
    expect(read(headers)).toEqual([{ unit: "tokens", limit: 90_000, periodMs: minute, remaining: undefined, source }]);
  }
});

test("a response without such headers says nothing", () => {
  expect(read({ "content-type": "application/json", "retry-after": "3" })).toBeUndefined();
});
