import { array, assert, boolean, func, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { removeElements, removeMembers } from "../../src/json/json-removals.ts";
import { arbitraryObject, arbitraryStyle, arbitraryTree, writeJson } from "./arbitrary-json.ts";

describe("what is taken out of JSON text", () => {
  it("leaves the other members byte for byte, with their white space", () => {
    expect(removeMembers('{"a": 1.0, "b": [2 , 3], "c":1e2 }', new Set(["b"]))).toBe('{"a": 1.0, "c":1e2 }');
    expect(removeMembers('{ "a":1, "b":2}', new Set(["a"]))).toBe('{ "b":2}');
    expect(removeMembers('{"a":1, "b":2 }', new Set(["a", "b"]))).toBe("{ }");
    expect(removeMembers('{"a":1}', new Set(["b"]))).toBe('{"a":1}');
  });

  it("is each member of that name, for a server may read another of them than the last", () => {
    expect(removeMembers(String.raw`{"a":1,"\u0062":2,"c":3,"b":4}`, new Set(["b"]))).toBe('{"a":1,"c":3}');
  });

  it("leaves the other elements byte for byte", () => {
    expect(removeElements("[1.0, {} ,3]", new Set([1]))).toBe("[1.0,3]");
    expect(removeElements("[1, 2]", new Set([0, 1]))).toBe("[]");
    expect(removeElements("[ ]", new Set())).toBe("[ ]");
  });

  it("leaves what JSON.parse makes of the rest, for any JSON", () => {
    assert(
      property(arbitraryObject, arbitraryStyle, func(boolean()), (object, style, isGone) => {
        const text = writeJson(object, style);
        const before = Object.entries(JSON.parse(text));
        const gone = new Set(before.map(([key]) => key).filter((key) => isGone(key)));
        const after = before.filter(([key]) => !gone.has(key));
        expect(Object.entries(JSON.parse(removeMembers(text, gone)))).toEqual(after);
      }),
    );
    assert(
      property(array(arbitraryTree), arbitraryStyle, func(boolean()), (elements, style, isGone) => {
        const text = writeJson(elements, style);
        const gone = new Set([...elements.keys()].filter((index) => isGone(index)));
        const after = JSON.parse(text).filter((_: unknown, index: number) => !gone.has(index));
        expect(JSON.parse(removeElements(text, gone))).toEqual(after);
      }),
    );
  });
});
