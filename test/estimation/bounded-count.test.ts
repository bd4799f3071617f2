import { expect, test } from "vitest";
import { BoundedCount } from "../../src/estimation/bounded-count.ts";

interface Asked {
  readonly model: string;
  readonly length: number;
}

/** Counting takes 10 ms each. @param budgetMs For all. */
function create(budgetMs: number): BoundedCount<Asked> {
  let nowMs = 0;
  const exact = ({ model, length }: Asked): number | undefined => {
    nowMs += 10;
    return model === "unknown" ? undefined : length * (model === "dense" ? 3 : 2);
  };
  return new BoundedCount({ fast: ({ length }) => length, exact }, budgetMs, () => nowMs);
}

test("counts as long as there is time, then by the ratio that was seen, model by model", () => {
  const counts = create(40);
  const asked = [100, 50].flatMap((length) => ["plain", "dense"].map((model) => ({ model, length })));
  expect(asked.map((one) => counts.of(one))).toEqual([200, 300, 100, 150].map((tokens) => ({ tokens, isExact: true })));
  expect(counts.of({ model: "dense", length: 10 })).toEqual({ tokens: 30, isExact: false });
  expect(counts.of({ model: "plain", length: 10 })).toEqual({ tokens: 20, isExact: false });
  expect(counts.of({ model: "new", length: 10 })).toEqual({ tokens: 10, isExact: false });
});

test("what cannot be counted is estimated", () => {
  expect(create(1000).of({ model: "unknown", length: 7 })).toEqual({ tokens: 7, isExact: false });
  expect(new BoundedCount<Asked>({ fast: ({ length }) => length }).of({ model: "plain", length: 7 })).toEqual({
    tokens: 7,
    isExact: false,
  });
});
