import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Spread } from "../../src/estimation/spread.ts";

test("so many are picked, evenly, however they come", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 50 }),
      (a, b, step) => {
        const [count, total] = [Math.min(a, b), Math.max(a, b)];
        const spread = new Spread(count, total);
        const items = Array.from({ length: total }, (_, index) => ({ index }));
        const picked: number[] = [];
        for (let at = 0; at < total; at += step)
          picked.push(...[...spread.pick(items.slice(at, at + step))].map(({ index }) => index));
        expect(picked.length).toBe(count);
        picked.forEach((index, nth) => expect(Math.floor((index * count) / total)).toBeOneOf([nth, nth - 1]));
      },
    ),
  );
});
