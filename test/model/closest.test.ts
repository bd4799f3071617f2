import * as fc from "fast-check";
import { expect, it } from "vitest";
import { closestTo } from "../../src/model/closest.ts";
import { optionTable } from "../../src/config/option-table.ts";

const known = optionTable.map(({ key }) => key);
const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz_");

it.each([
  ["rmp", "rpm"],
  ["maxretries", "max_retries"],
  ["time_out", "timeout"],
  ["concurency", "concurrency"],
  ["base_ulr", "base_url"],
  ["colour", undefined],
  ["", undefined],
])("finds what %j stands for", (word, meant) => {
  expect(closestTo(word, known)).toBe(meant);
});

it("finds any option of some length again, one letter of which is wrong", () => {
  const long = known.filter((key) => key.length > 8);
  fc.assert(
    fc.property(fc.constantFrom(...long), fc.nat(7), letter, fc.nat(3), (key, at, other, kind) => {
      const [before, after] = [key.slice(0, at), key.slice(at)];
      const swapped = `${after[1]}${after[0]}${after.slice(2)}`;
      const mistyped = before + ([`${other}${after}`, after.slice(1), `${other}${after.slice(1)}`, swapped][kind] ?? after);
      expect(closestTo(mistyped, long)).toBe(key);
    }),
  );
});
