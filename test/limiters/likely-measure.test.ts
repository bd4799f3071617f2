import { describe, expect, test } from "vitest";
import { LikelyMeasure } from "../../src/limiters/likely-measure.ts";
import { noWeights, type Weights } from "../../src/limiters/weights.ts";

function sized(tokens: number): Weights {
  return { ...noWeights, requests: 1, tokens };
}

/** All started long ago, and none of those that are refused at the same moment as others. */
function refusing(started: readonly number[], refused: readonly number[]): LikelyMeasure {
  const likely = new LikelyMeasure();
  for (const tokens of [...started, ...refused]) likely.start(0, sized(tokens));
  for (const tokens of refused) likely.refuse(sized(tokens));
  return likely;
}

const mostlySmall = [...Array.from({ length: 50 }, () => 50), ...Array.from({ length: 10 }, () => 1_500)];

describe("what a limit is on, by the sizes of those that are refused,", () => {
  test("is tokens where the large ones are", () => {
    expect(refusing(mostlySmall, [1_500, 1_500, 50]).measure).toBe("tokens");
  });

  test("is requests where any are", () => {
    expect(refusing(mostlySmall, mostlySmall).measure).toBe("requests");
    expect(refusing([200, 200, 200, 200], [200, 200, 200]).measure).toBe("requests");
  });

  test("is taken to be requests as long as few were refused", () => {
    expect(refusing(mostlySmall, [1_500, 1_500]).measure).toBe("requests");
    expect(refusing([], []).measure).toBe("requests");
  });
});

/** A request each 200 ms, every tenth of `large`; one of 100 is refused after each of them, or half-way between. */
function refusingAfter(isAfterLarge: boolean, large: Weights, rounds = 20): LikelyMeasure {
  const likely = new LikelyMeasure();
  for (let request = 0; request < 10 * rounds; request += 1) {
    const nowMs = request * 200;
    likely.start(nowMs, request % 10 === 0 ? large : sized(100));
    if (request % 10 !== (isAfterLarge ? 1 : 8)) continue;
    likely.refuse(sized(100));
    likely.beginEpisode();
  }
  return likely;
}

describe("what a limit is on, by what was admitted just before somebody is refused,", () => {
  test("is tokens where those are larger than others", () => {
    expect(refusingAfter(true, sized(2_000)).measure).toBe("tokens");
  });

  test("is requests where they are of all sizes", () => {
    expect(refusingAfter(true, sized(100)).measure).toBe("requests");
    expect(refusingAfter(false, sized(2_000)).measure).toBe("requests");
  });

  test("goes by what they took, which is known when they are answered", () => {
    const likely = new LikelyMeasure();
    for (let request = 0; request < 200; request += 1) {
      likely.start(request * 200, sized(1_000));
      likely.giveBack({ ...noWeights, tokens: request % 10 === 0 ? -1_000 : 900 });
      if (request % 10 === 1) likely.beginEpisode();
    }
    expect(likely.measure).toBe("tokens");
  });

  test("is not known after two of them", () => {
    expect(refusingAfter(true, sized(2_000), 2).measure).toBe("requests");
  });
});
