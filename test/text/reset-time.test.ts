import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatResetTime } from "../../src/text/reset-time.ts";

describe("formatResetTime", () => {
  it.each([
    [0, "0s"],
    [-5, "0s"],
    [0.2, "1ms"],
    [120, "120ms"],
    [30.000000000000004, "30ms"],
    [999.5, "1s"],
    [1000, "1s"],
    [7660, "7.66s"],
    [179_560, "2m59.56s"],
    [360_000, "6m0s"],
    [3_602_500, "1h0m2.5s"],
  ])("writes %d ms as %s", (spanMs, text) => {
    expect(formatResetTime(spanMs)).toBe(text);
  });

  it("says what it was given, to the millisecond", () => {
    const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    const parse = (text: string): number =>
      [...text.matchAll(/([\d.]+)(ms|[hms])/g)].reduce(
        (sum, [, number, unit]) => sum + Number(number) * (unitMs[unit ?? ""] ?? NaN),
        0,
      );
    fc.assert(
      fc.property(fc.nat(100_000_000), (spanMs) => {
        expect(parse(formatResetTime(spanMs))).toBeCloseTo(spanMs, 3);
      }),
    );
  });
});
