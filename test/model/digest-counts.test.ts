import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DigestCounts } from "../../src/model/digest-counts.ts";

test("counts any sequence of texts as a Map would", () => {
  const text = fc.oneof(
    fc.constantFrom("", "a", "b", "\uD800", "\uDBFF", "\uFFFD", "😀", '"a"'),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 200 }), (texts) => {
      const counts = new DigestCounts();
      const expected = new Map<string, number>();
      const seenBefore = texts.map((item) => {
        const seen = expected.get(item) ?? 0;
        expected.set(item, seen + 1);
        return seen;
      });
      expect(texts.map((item) => counts.add(item))).toEqual(seenBefore);
    }),
  );
});

test("remembers every text while it grows", () => {
  const counts = new DigestCounts();
  const texts = Array.from({ length: 20_000 }, (_, index) => `request-${index}`);
  const first = texts.map((text) => counts.add(text));
  const second = texts.map((text) => counts.add(text));
  expect(new Set(first)).toEqual(new Set([0]));
  expect(new Set(second)).toEqual(new Set([1]));
});

test("takes 30 bytes a text at most, however long the texts are", () => {
  const counts = new DigestCounts();
  for (let index = 0; index < 1000; index += 1) counts.add(`${index}`);
  const before = arrayBufferBytes();
  for (let index = 0; index < 40_000; index += 1) counts.add(`${"x".repeat(200)}${index}`);
  const taken = arrayBufferBytes() - before;
  expect(counts.add(`${"x".repeat(200)}0`)).toBe(1);
  expect(taken).toBeLessThan(40_000 * 30);
});

function arrayBufferBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}
