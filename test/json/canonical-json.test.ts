import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/json/canonical-json.ts";
import { arbitraryStyle, arbitraryTree, writeJson } from "./arbitrary-json.ts";
import type { Tree } from "./arbitrary-json.ts";

describe("the canonical form", () => {
  test("is the same however a value is written: key order, white space, escapes", () => {
    fc.assert(
      fc.property(arbitraryTree, arbitraryStyle, arbitraryStyle, (tree, one, other) => {
        expect(canonicalJson(writeJson(tree, one, { shuffle: true }))).toBe(
          canonicalJson(writeJson(tree, other, { shuffle: true })),
        );
      }),
      { numRuns: 250 },
    );
  });

  test("differs when any one value differs", () => {
    const change = fc.tuple(fc.nat(), arbitraryTree);
    fc.assert(
      fc.property(arbitraryTree, change, arbitraryStyle, (tree, [place, value], style) => {
        const changed = replaceLeaf(tree, place, value);
        fc.pre(meaning(changed) !== meaning(tree));
        expect(canonicalJson(writeJson(changed, style))).not.toBe(canonicalJson(writeJson(tree, style)));
      }),
      { numRuns: 250 },
    );
  });

  test("is the form of RFC 8785", () => {
    const text = '{"€":"Euro","\\r":"CR","1":[56.0, 1E2, -0, true],"😀":null,"ö":"\\u00f6\\/\\u000f\\ud83d\\ude00"}';
    expect(canonicalJson(text)).toBe('{"\\r":"CR","1":[56,100,0,true],"ö":"ö/\\u000f😀","€":"Euro","😀":null}');
  });

  test("orders members by their keys, however many they are, and those of equal keys as they came", () => {
    const shortKey = fc.string({ unit: fc.constantFrom("a", "b", " ", "!", "\n", "é"), maxLength: 3 });
    const keys = fc.oneof(fc.array(shortKey), fc.array(shortKey, { minLength: 100, maxLength: 100 }));
    fc.assert(
      fc.property(keys, (all) => {
        const members = all.map((key, index) => ({ key, text: `${JSON.stringify(key)}:${index}` }));
        const sorted = members.toSorted((a, b) => Number(a.key > b.key) - Number(a.key < b.key));
        const written = (list: typeof members): string => `{${list.map(({ text }) => text).join(",")}}`;
        expect(canonicalJson(written(members))).toBe(written(sorted));
      }),
    );
  });
});

describe("numbers", () => {
  test.each([
    ["9223372036854775807", "9223372036854775806"],
    ["9007199254740993", "9007199254740992"],
    ["0.1234567890123456789", "0.1234567890123456788"],
    ["1e400", "1e401"],
    ["1e-400", "0"],
    ["-1e400", "1e400"],
    ["3e-324", "5e-324"],
    ["1", '"1"'],
  ])("%s and %s are two requests", (one, other) => {
    expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  });

  test.each([
    ["1", "1.0"],
    ["1e2", "100"],
    ["0.50", "5E-1"],
    ["0", "-0"],
    ["0", "0.000e7"],
    ["123456789012345", "1.23456789012345e+14"],
  ])("%s and %s are one request", (one, other) => {
    expect(canonicalJson(one)).toBe(canonicalJson(other));
  });

  const digits = fc.bigInt({ min: 0n, max: 10n ** 20n });

  test("of different value never look the same", () => {
    const step = fc.bigInt({ min: 1n, max: 2n });
    fc.assert(
      fc.property(digits, step, fc.integer({ min: -345, max: 310 }), fc.nat({ max: 3 }), (first, more, exponent, zeros) => {
        const one = `${first}e${exponent}`;
        const other = `${first + more}${"0".repeat(zeros)}e${exponent - zeros}`;
        expect(canonicalJson(one)).not.toBe(canonicalJson(other));
      }),
      { numRuns: 1000 },
    );
  });

  test("of 15 digits or fewer look the same however they are written", () => {
    const atMost12Digits = fc.bigInt({ min: -(10n ** 12n - 1n), max: 10n ** 12n - 1n });
    fc.assert(
      fc.property(atMost12Digits, fc.integer({ min: -280, max: 280 }), fc.nat({ max: 3 }), (first, exponent, zeros) => {
        expect(canonicalJson(`${first}${"0".repeat(zeros)}E${exponent - zeros}`)).toBe(canonicalJson(`${first}e${exponent}`));
      }),
    );
  });
});

/** The decimal number itself, in one spelling. */
function exactValue(number: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const significant = `${whole}${fraction}`.replace(/^0+/, "");
  const trimmed = significant.replace(/0+$/, "");
  if (trimmed === "") return "0";
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + significant.length - trimmed.length}`;
}

/** What a value means, in one spelling, found another way than the code does. */
function meaning(tree: Tree): string {
  if ("scalar" in tree) return /\d/.test(tree.scalar) ? exactValue(tree.scalar) : tree.scalar;
  if ("string" in tree) return JSON.stringify(tree.string);
  if (!("members" in tree)) return `[${tree.map(meaning).join()}]`;
  return `{${tree.members
    .map(([key, value]) => `${JSON.stringify(key)}:${meaning(value)}`)
    .toSorted()
    .join()}}`;
}

/** Replaces one leaf, chosen by `place`. */
function replaceLeaf(tree: Tree, place: number, value: Tree): Tree {
  if ("scalar" in tree || "string" in tree) return value;
  if ("members" in tree) {
    const chosen = place % Math.max(1, tree.members.length);
    const members = tree.members.map(
      ([key, item], index) => [key, index === chosen ? replaceLeaf(item, place >> 2, value) : item] as const,
    );
    return { members };
  }
  const chosen = place % Math.max(1, tree.length);
  return tree.map((item, index) => (index === chosen ? replaceLeaf(item, place >> 2, value) : item));
}
