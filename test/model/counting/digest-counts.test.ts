import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DigestCounts } from "../../../src/model/counting/digest-counts.ts";
import { arbitraryText } from "../../json/arbitrary-json.ts";

test("counts any sequence of texts as a Map would", () => {
  const text = fc.oneof(fc.constantFrom("", "a", "b", "\uD800", "\uDBFF", "\uFFFD"), arbitraryText);
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
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
  const before = arrayBufferBytes();
  const counts = new DigestCounts();
  for (let count = 1; count <= 24_000; count += 1) counts.add(`${"x".repeat(200)}${count}`);
  expect((arrayBufferBytes() - before) / 24_000).toBeLessThan(30);
});

function arrayBufferBytes(): number {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc");
  collectGarbage();
  collectGarbage(); // waits for what the first one frees in the background
  return process.memoryUsage().arrayBuffers;
}
