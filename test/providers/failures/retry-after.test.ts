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
    ["5, 10", undefined],
    ["3 seconds", undefined],
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

  it("prefers retry-after-ms, which is exact", () => {
    expect(wait({ "retry-after-ms": "1234.5", "retry-after": "2" })).toBe(1235);
    expect(wait({ "retry-after-ms": "-1", "retry-after": "2" })).toBe(2000);
  });

  it("takes the first of several headers", () => {
    expect(wait({ "retry-after": ["3", "9"] })).toBe(3000);
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
    expect(wait({ "retry-after": "2" }, retryInfo("21s"))).toBe(2000);
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

  it("reads OpenAI's sentence as a last resort, for a 429 only", () => {
    const body = { error: { message: "Rate limit reached. Please try again in 7m12s. Visit …" } };
    expect(wait({}, body)).toBe(432_000);
    expect(wait({}, { error: { message: "Please try again in 120ms." } })).toBe(120);
    expect(wait({}, { error: { message: "Please try again later." } })).toBeUndefined();
    expect(wait({}, body, 500)).toBeUndefined();
    expect(wait({ "retry-after": "1" }, body)).toBe(1000);
  });
});
