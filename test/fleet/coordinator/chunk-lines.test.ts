import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxLinesOfChunk } from "../../../src/fleet/coordinator/chunk-lines.ts";

/** The sizes of all chunks of a file. */
function cut(total: number): number[] {
  const sizes: number[] = [];
  for (let left = total; left > 0; left -= sizes.at(-1) ?? total) sizes.push(Math.min(left, maxLinesOfChunk(left)));
  return sizes;
}

describe("chunks of a file", () => {
  it("get smaller towards its end, so that no worker is left alone with many lines", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (total) => {
        const sizes = cut(total);
        expect(sizes.every((size) => size >= 1 && size <= 100)).toBe(true);
        expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
        expect(sizes.slice(-16).every((size) => size <= 4)).toBe(true);
      }),
    );
  });

  it("are whole ones of 100 lines until the last 6,400, and where the end of the input is not known", () => {
    const sizes = cut(20_000);
    expect(sizes.slice(0, 137).every((size) => size === 100)).toBe(true);
    expect(sizes.length).toBeLessThan(500);
    expect(maxLinesOfChunk(undefined)).toBe(100);
  });
});
