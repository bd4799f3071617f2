import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nestingDepth, objectMembers } from "../../src/json/json-text.ts";
import { arbitraryObject, arbitraryStyle, arbitraryTree, writeJson } from "./arbitrary-json.ts";
import type { Tree } from "./arbitrary-json.ts";

describe("objectMembers", () => {
  test("finds every member's key and the text of its value, however the object is written", () => {
    fc.assert(
      fc.property(arbitraryObject, arbitraryStyle, (object, style) => {
        const text = writeJson(object, style);
        const expected = object.members.map(([key, value]) => [key, JSON.parse(writeJson(value, 0))]);
        const found = objectMembers(text).map(({ key, valueStart, end }) => [key, JSON.parse(text.slice(valueStart, end))]);
        expect(found).toEqual(expected);
        for (const { valueStart, end } of objectMembers(text)) {
          const valueText = text.slice(valueStart, end);
          expect(valueText).toBe(valueText.trim());
        }
      }),
      { numRuns: 250 },
    );
  });

  test("says where each member begins", () => {
    const text = ' { "a" : 1 ,\t"b":[2,{"c":"]}"}] , "a":"\\"" } ';
    const found = objectMembers(text).map(({ key, start, end }) => [key, text.slice(start, end)]);
    expect(found).toEqual([
      ["a", '"a" : 1'],
      ["b", '"b":[2,{"c":"]}"}]'],
      ["a", '"a":"\\""'],
    ]);
  });

  test("reads keys that are escaped", () => {
    expect(objectMembers(String.raw`{"b\u006fdy":1,"\ud800":2}`).map(({ key }) => key)).toEqual(["body", "\uD800"]);
  });

  test("comes back from any text at all", () => {
    const piece = fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", " ", "1", "a", "\\u12");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        expect(nestingDepth(text)).toBeLessThanOrEqual(text.length);
        expect(["members", "SyntaxError"]).toContain(outcomeOf(text));
      }),
      { numRuns: 400 },
    );
  });
});

describe("nestingDepth", () => {
  test("counts objects and arrays, not the brackets in strings", () => {
    fc.assert(
      fc.property(arbitraryTree, arbitraryStyle, (tree, style) => {
        expect(nestingDepth(writeJson(tree, style))).toBe(depthOf(tree));
      }),
    );
  });

  test("counts 300,000 levels without running out of stack", () => {
    expect(nestingDepth(`${"[".repeat(300_000)}${"]".repeat(300_000)}`)).toBe(300_000);
    expect(nestingDepth('{"a":'.repeat(300_000))).toBe(300_000);
  });
});

function outcomeOf(text: string): string {
  try {
    return objectMembers(text).length <= text.length ? "members" : "too many";
  } catch (error) {
    return error instanceof Error ? error.name : "odd";
  }
}

function depthOf(tree: Tree): number {
  if ("scalar" in tree || "string" in tree) return 0;
  const parts = "members" in tree ? tree.members.map(([, value]) => value) : tree;
  return 1 + Math.max(0, ...parts.map(depthOf));
}
