import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractJson, maxParsedLength } from "../../../src/providers/responses/json-extract.ts";

const filler = "x".repeat(maxParsedLength);

/** A long text that is the JSON of what `JSON.parse` makes of it. */
function long(text: string): string {
  return text + " ".repeat(Math.max(0, maxParsedLength + 1 - text.length));
}

describe("an extract of long JSON", () => {
  it("is the value itself where nothing in it is long", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(extractJson(long(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 15 },
    );
  });

  it("has the same short members, and the true lengths of lists, wherever what is long stands", () => {
    const numbers = Array.from({ length: 100_000 }, (_, index) => 1e15 + index);
    const text = JSON.stringify({
      a: 1,
      5: [2],
      data: [{ embedding: numbers, index: 0 }, 3],
      usage: { n: 1 },
      text: filler,
      z: [],
    });
    expect(extractJson(text)).toMatchObject({
      a: 1,
      5: [2],
      data: { length: 2, 0: { embedding: { length: 100_000, 999: 1e15 + 999 }, index: 0 }, 1: 3 },
      usage: { n: 1 },
      z: [],
    });
    const matrix = extractJson(JSON.stringify(Array.from({ length: 50 }, () => numbers.slice(0, 2_000))));
    expect(matrix).toHaveLength(50);
  });

  it("keeps a member that is named like a prototype as a member", () => {
    expect(extractJson(`{"__proto__":{"polluted":1},"a":${JSON.stringify(filler)},"b":2}`)).toHaveProperty("b", 2);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  const items = `${"1".repeat(99)},`.repeat(maxParsedLength / 100 + 1);
  it.each([
    ["cut off", `{"a":[${items}1]`],
    ["a comma too many", `[${items}]`],
    ["two commas", `[${items},1]`],
    ["a comma too many behind what is long", `{"a":[${items}1],}`],
    ["no comma behind what is long", `[[${items}1] 2]`],
    ["no comma between what is long", `[[${items}1] [${items}1]]`],
    ["the wrong bracket", `{"a":[${items}1}]`],
    ["a key without a value", `{"a":[${items}1],"b"}`],
    ["a value without a key", `{[${items}1]}`],
    ["no number", `[${items}NaN,${items}1]`],
    ["two values", `[${items}1] 2`],
    ["a word before", `x [${items}1]`],
    ["words", filler],
    ["an open string", `"${filler}`],
    ["nested too deeply", "[".repeat(600_000) + "]".repeat(600_000)],
  ])("is none of a text with %s", (_, text) => {
    expect(extractJson(text)).toBeUndefined();
  });

  it("is refused where JSON.parse refuses, whatever character of it is lost or doubled", () => {
    const text = JSON.stringify({
      a: Array.from({ length: 5_500 }, (_, index) => ({ [`k${index}`]: [index, "s,]}", filler.slice(0, 200)] })),
      b: "c",
    });
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("", "double"), (at, change) => {
        const broken = text.slice(0, at) + (change === "" ? "" : `${text[at]}${text[at]}`) + text.slice(at + 1);
        expect(extractJson(broken) === undefined).toBe(isInvalid(broken));
      }),
      { numRuns: 10 },
    );
  });
});

function isInvalid(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}
