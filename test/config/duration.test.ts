import { expect, it } from "vitest";
import { parseDurationMs } from "../../src/config/duration.ts";

it.each([
  ["90s", 90_000],
  ["90", 90_000],
  ["1.5h", 5_400_000],
  ["30d", 2_592_000_000],
  ["2w", 1_209_600_000],
  ["250ms", 250],
  [" 5m ", 300_000],
  ["1e3", 1_000_000],
  [".5", 500],
])("reads %j", (text, milliseconds) => {
  expect(parseDurationMs(text)).toBe(milliseconds);
});

it.each(["", "soon", "-1s", "5 minutes", "1e999", ".", "d", "5x", "toString"])("knows that %j is no length of time", (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
});
