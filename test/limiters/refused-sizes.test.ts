import { describe, expect, test } from "vitest";
import { RefusedSizes } from "../../src/limiters/refused-sizes.ts";
import { noWeights } from "../../src/limiters/weights.ts";

function sizesOf(started: readonly number[], refused: readonly number[]): RefusedSizes {
  const sizes = new RefusedSizes();
  for (const tokens of started) sizes.start({ ...noWeights, tokens });
  for (const tokens of refused) sizes.refuse({ ...noWeights, tokens });
  return sizes;
}

const mostlySmall = [...Array.from({ length: 50 }, () => 50), ...Array.from({ length: 10 }, () => 1_500)];

describe("what a limit is on, by the sizes of those that are refused,", () => {
  test("is tokens where the large ones are", () => {
    expect(sizesOf(mostlySmall, [1_500, 1_500, 50]).likelyMeasure).toBe("tokens");
  });

  test("is requests where any are", () => {
    expect(sizesOf(mostlySmall, mostlySmall).likelyMeasure).toBe("requests");
    expect(sizesOf([200, 200, 200, 200], [200, 200, 200]).likelyMeasure).toBe("requests");
  });

  test("is taken to be requests as long as few were refused", () => {
    expect(sizesOf(mostlySmall, [1_500, 1_500]).likelyMeasure).toBe("requests");
    expect(sizesOf([], []).likelyMeasure).toBe("requests");
  });
});
