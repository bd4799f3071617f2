import { expect, it } from "vitest";
import { parseBytes } from "../../src/config/size.ts";

it.each([
  ["2GB", 2_000_000_000],
  ["500 MB", 500_000_000],
  ["1.5GiB", 1_610_612_736],
  ["64kib", 65_536],
  ["1tb", 1_000_000_000_000],
  [" 4096 ", 4096],
  ["10B", 10],
])("reads %j", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it.each(["", "large", "-1GB", "5 gigabytes", "GB", "1e999", "toString", "5constructor"])("knows that %j is no size", (text) => {
  expect(parseBytes(text)).toBeUndefined();
});
