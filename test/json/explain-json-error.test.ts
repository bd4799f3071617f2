import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainJsonError } from "../../src/json/explain-json-error.ts";
import { arbitraryStyle, arbitraryTree, writeJson } from "./arbitrary-json.ts";

describe("what is wrong with a text", () => {
  test.each([
    ["", "the line ends where a value should follow; each request stands on one line"],
    ["{", "the line ends where a key in double quotes should follow; each request stands on one line"],
    ['{"a":[1', "the line ends where , or ] should follow; each request stands on one line"],
    ['{"a"', "the line ends where : should follow; each request stands on one line"],
    ['{"a":}', "expected a value at column 6, found }"],
    ['{"a":1,}', "expected a key in double quotes at column 8, found }"],
    ["[1,]", "expected a value at column 4, found ]"],
    ['{"a" "b"}', "expected : at column 6, found a string"],
    ['{"a":1 "b":2}', "expected , or } at column 8, found a string"],
    ["{'a':1}", "expected a key in double quotes at column 2, found ' (JSON takes double quotes)"],
    ["{a:1}", "expected a key in double quotes at column 2, found a"],
    ['{"a":None}', "expected a value at column 6, found None"],
    ['{"a":NaN}', "expected a value at column 6, found NaN"],
    ['{"a":01}', "expected a value at column 6, found 01"],
    ['{"a":.5}', "expected a value at column 6, found .5"],
    ['{"a":1.}', "expected a value at column 6, found 1."],
    ['{"a":+1}', "expected a value at column 6, found +1"],
    ['{"a":“x”}', "expected a value at column 6, found U+201C"],
    ["{} {}", "expected the end of the line at column 4, found {"],
    ['"a"\u00A0', "expected the end of the line at column 4, found U+00A0"],
    ['{"a":"b', "the string at column 6 has no end"],
    ['{"a":"b\tc"}', "U+0009 at column 8 must be written as an escape inside a string"],
    ['{"a":"\\x"}', '"\\\\x" at column 7 is not an escape'],
    ['{"a":"\\u12g4"}', '"\\\\u" at column 7 is not an escape'],
    ["{\0", "expected a key in double quotes at column 2, found U+0000 (if this file is UTF-16, save it as UTF-8)"],
    ["\uFEFF{}", "expected a value at column 1, found a byte order mark, which may stand only before a line"],
    [`[${"x".repeat(1000)}]`, `expected a value at column 2, found ${"x".repeat(20)}`],
  ])("%j", (text, expected) => {
    expect(explainJsonError(text)).toBe(expected);
  });
});

test("something is wrong exactly when JSON.parse says so", () => {
  const edit = fc.record({
    at: fc.nat(),
    deleted: fc.nat({ max: 2 }),
    inserted: fc.constantFrom("", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", ".", "u", "t", "\n", "\u00A0", "\v"),
  });
  fc.assert(
    fc.property(arbitraryTree, arbitraryStyle, fc.array(edit, { maxLength: 3 }), (tree, style, edits) => {
      let text = writeJson(tree, style);
      for (const { at, deleted, inserted } of edits) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + inserted + text.slice(place + deleted);
      }
      expect(explainJsonError(text) === undefined).toBe(isJson(text));
    }),
    { numRuns: 1000 },
  );
});

test("a string of many megabytes is no trouble", () => {
  const text = `{"a":"${'\\"'.repeat(500_000)}`;
  expect(explainJsonError(text)).toBe("the string at column 6 has no end");
  expect(explainJsonError(`[${"1".repeat(1_000_000)}x]`)).toBe(`expected a value at column 2, found ${"1".repeat(20)}`);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
