import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration, parseRetryAfter, retryAfterMs } from "../../../src/providers/failures/retry-after.ts";
import type { HttpResponse } from "../../../src/providers/protocol.ts";

const now = Date.parse("2026-03-01T12:00:00Z");

function wait(headers: HttpResponse["headers"], body: unknown = undefined, statusCode = 429): number | undefined {
  return retryAfterMs({ statusCode, headers, body, text: "", receivedAt: new Date(now) });
}

function retryInfo(retryDelay: unknown): unknown {
  return { error: { details: [{ reason: "x" }, { retryDelay }] } };
}

describe("retry-after", () => {
  it.each([
    ["0", 0],
    ["7", 7000],
    ["1.1", 1100],
    ["0.0001", 1],
    [" 5 ", 5000],
    ["90", 90_000],
    ["1e9", 1e12],
    ["1000000000", 1e12],
    ["-1", undefined],
    ["-5", undefined],
    ["NaN", undefined],
    ["Infinity", undefined],
    ["0x10", undefined],
    ["", undefined],
    ["soon", undefined],
    ["2, 2", 2000],
    ["5, 10", 10_000],
    ["soon, 10", 10_000],
    ["3 seconds", 3000],
    ["30s", 30_000],
    ["Sun, 01 Mar 2026 12:00:30 GMT", 30_000],
    ["Sunday, 01-Mar-26 12:00:30 GMT", 30_000],
    ["Sun Mar  1 12:00:30 2026", 30_000],
    ["2026-03-01T12:00:00.250Z", 250],
    ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
    ["Sun, 99 Foo 2026 12:00:30 GMT", undefined],
    ["1 March", undefined],
  ])("%j is %s ms", (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
    expect(wait({ "retry-after": value })).toBe(ms);
  });

  it("reads any number of seconds to the millisecond, never early", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => {
        expect(parseRetryAfter(String(ms / 1000), now)).toBe(ms);
      }),
    );
  });

  it("throws at nothing and gives whole milliseconds or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (value) => {
        const ms = wait({
          "retry-after": value,
          "retry-after-ms": value,
          "x-ratelimit-reset": value,
          "x-ratelimit-remaining": "0",
        });
        expect(ms === undefined || (Number.isInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });

  it("counts a date from the server's own date, so that a client with a wrong clock neither hurries nor waits for ever", () => {
    const headers = { date: "Sun, 01 Mar 2020 12:00:00 GMT", "retry-after": "Sun, 01 Mar 2020 12:00:09 GMT" };
    expect(wait(headers)).toBe(9000);
  });

  it("is the longest of all that is said: a retry-after-ms of 0 hid a time that followed, which was then not kept", () => {
    expect(wait({ "retry-after-ms": "0", "retry-after": "2" })).toBe(2000);
    expect(wait({ "retry-after-ms": "1234.5", "retry-after": "1" })).toBe(1235);
    expect(wait({ "retry-after-ms": "-1", "retry-after": "2" })).toBe(2000);
    expect(wait({ "retry-after-ms": "1234.5" })).toBe(1235);
    expect(wait({ "retry-after": ["3", "9"] })).toBe(9000);
    expect(wait({ "retry-after": "2" }, retryInfo("21s"))).toBe(21_000);
    expect(wait({ "retry-after": "0" }, { error: { message: "Please try again in 20s." } })).toBe(20_000);
  });

  it.each([
    [{ "x-retry-after": "7" }],
    [{ "x-ms-retry-after-ms": "7000" }],
    [{ "x-ratelimit-retry-after": "7" }],
    [{ "retry-after-seconds": "7" }],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "7" }],
    [{ "x-rate-limit-remaining": "0", "x-rate-limit-reset-after": "7" }],
    [{ "x-ratelimit-reset": "7" }],
    [{ "x-ratelimit-remaining-tokens-minute": "0", "x-ratelimit-reset-tokens-minute": "7" }],
  ])("is read in other spellings: %j", (headers) => {
    expect(wait(headers)).toBe(7000);
  });
});

describe("durations", () => {
  it.each([
    ["6m0s", 360_000],
    ["1s", 1000],
    ["120ms", 120],
    ["2m59.56s", 179_560],
    ["7.66s", 7660],
    ["1h2m3s", 3_723_000],
    ["500us", 1],
    ["500µs", 1],
    ["1ns", 1],
    ["3.5s", 3500],
    ["30", 30_000],
    ["0s", 0],
    ["", undefined],
    ["-1", undefined],
    ["-3s", undefined],
    ["1d", undefined],
    ["s", undefined],
    ["1s later", undefined],
  ])("%j is %s ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it("reads what Go prints", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(59), fc.nat(59), fc.nat(999), (h, m, s, ms) => {
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(((h * 60 + m) * 60 + s) * 1000 + ms);
      }),
    );
  });
});

describe("other places that say how long to wait", () => {
  it("reads Gemini's RetryInfo, also in an array, for any status", () => {
    expect(wait({}, retryInfo("21s"))).toBe(21_000);
    expect(wait({}, [retryInfo("3.5s")])).toBe(3500);
    expect(wait({}, retryInfo("1s"), 503)).toBe(1000);
    expect(wait({}, retryInfo(7))).toBeUndefined();
  });

  it("reads the headers that OpenRouter quotes in the body, and fields of gateways", () => {
    const headers = { "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": 1_772_366_402_500 };
    expect(wait({}, { error: { code: 429, message: "Rate limit exceeded", metadata: { headers } } })).toBe(2500);
    expect(wait({}, { error: { code: 429, metadata: { headers: { "Retry-After": "9" }, retry_after_seconds: 4 } } })).toBe(9000);
    expect(wait({}, { error: { message: "Slow down", retry_after: 3 } })).toBe(3000);
    expect(wait({}, { error: "Model m is currently loading", estimated_time: 20.5 }, 503)).toBe(20_500);
    expect(wait({}, { error: { metadata: { headers: "none" }, retry_after: null } })).toBeUndefined();
  });

  it("waits for the reset of the limit that is used up, not for one that has room, which may be a day away", () => {
    const headers = {
      "x-ratelimit-remaining-requests": "14370",
      "x-ratelimit-reset-requests": "23h59m",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "7.66s",
    };
    expect(wait(headers)).toBe(7660);
    expect(wait({ ...headers, "x-ratelimit-remaining-requests": "0" })).toBe(86_340_000);
    expect(wait({ ...headers, "x-ratelimit-remaining-tokens": "12" })).toBeUndefined();
    expect(wait({ ...headers, "x-ratelimit-remaining-tokens": "-1" })).toBeUndefined();
    expect(wait(headers, undefined, 503)).toBeUndefined();
  });

  it("does not wait until all of a limit is there again where the server names a shorter time", () => {
    const headers = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0s" };
    expect(wait({ ...headers, "retry-after": "1" })).toBe(1000);
    expect(wait({ ...headers, "retry-after": "0" })).toBe(60_000);
  });

  it.each([
    ["2026-03-01T12:00:05Z", 5000],
    ["45", 45_000],
    ["1772366402", 2000],
    ["1772366402500", 2500],
    ["1772366000", 0],
    ["-1", undefined],
  ])("reads a reset of %s as %s ms", (reset, ms) => {
    expect(wait({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset })).toBe(ms);
    expect(wait({ "anthropic-ratelimit-input-tokens-remaining": "0", "anthropic-ratelimit-input-tokens-reset": reset })).toBe(ms);
  });

  it.each([
    ["Rate limit reached. Please try again in 7m12s. Visit …", 432_000],
    ["Please try again in 120ms.", 120],
    ["Requests have exceeded call rate limit. Please retry after 6 seconds.", 6000],
    ["Quota exceeded for metric: x, limit: 20. Please retry in 12.34s.", 12_340],
    ["Request was throttled. Expected available in 1 second.", 1000],
    ["User burst rate limit exceeded. Try again in about 3 hours.", 10_800_000],
    ["Too fast: wait 1 minute and 5 seconds", 65_000],
    ["Try again in 20s, or wait for 2 minutes.", 120_000],
    ["Please try again later.", undefined],
    ["Please try again in a few minutes.", undefined],
    ["The retry limit is 30 requests.", undefined],
    ["Please try again in 5 million years.", undefined],
  ])("reads words: %s", (message, ms) => {
    expect(wait({}, { error: { message } })).toBe(ms);
    expect(wait({}, { error: message }, 529)).toBe(ms);
    expect(wait({}, { error: { message } }, 500)).toBeUndefined();
  });

  it("reads words that are no JSON, at the beginning of them", () => {
    const answer = { statusCode: 429, headers: {}, body: undefined, receivedAt: new Date(now) };
    expect(retryAfterMs({ ...answer, text: "Too many requests, retry in 30 s\n" })).toBe(30_000);
    expect(retryAfterMs({ ...answer, text: `${" ".repeat(3_000_000)}retry in 30 s` })).toBeUndefined();
  });

  it("does not fail for more details than a call takes arguments", () => {
    const details = Array.from({ length: 300_000 }, () => ({ retryDelay: "1s" }));
    expect(wait({}, { error: { details } })).toBe(1000);
  });
});
