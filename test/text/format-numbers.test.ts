import { describe, expect, it } from "vitest";
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatMilliseconds,
  formatRate,
  formatUsd,
} from "../../src/text/format-numbers.ts";

describe("numbers for people", () => {
  it("one is no plural", () => {
    expect([0, 1, 2, 12_400].map((count) => formatAmount(count, "line"))).toEqual([
      "0 lines",
      "1 line",
      "2 lines",
      "12,400 lines",
    ]);
  });

  it.each([
    [0, "0s"],
    [59.4, "59s"],
    [59.6, "1m 00s"],
    [103, "1m 43s"],
    [3599.6, "1h 00m"],
    [7500, "2h 05m"],
    [86_399, "1d 00h"],
    [273_600, "3d 04h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [0, "0"],
    [0.0123, "0.01"],
    [0.996, "1.0"],
    [9.94, "9.9"],
    [9.96, "10"],
    [12_400.4, "12,400"],
  ])("a rate of %d is %s", (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it.each([
    [0.84, "0.8 ms"],
    [9.96, "10 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_940, "59.9 s"],
    [59_960, "1m 00s"],
    [125_000, "2m 05s"],
  ])("%d ms are %s", (milliseconds, text) => {
    expect(formatMilliseconds(milliseconds)).toBe(text);
  });

  it("groups thousands, the same in every locale", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
  });
});

describe("formatUsd", () => {
  it.each([
    [0, "$ 0.00"],
    [1.24, "$ 1.24"],
    [1.996, "$ 2.00"],
    [1024, "$ 1,024.00"],
    [0.1, "$ 0.10"],
    [0.0421, "$ 0.042"],
    [0.099, "$ 0.10"],
    [0.0042, "$ 0.0042"],
    [0.000_000_16, "$ 0.00000016"],
    [1e-9, "$ 0.000000001"],
    [null, "?"],
  ])("%s US dollars: %s", (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });
});
