import { describe, expect, it } from "vitest";
import { addUsage, type Usage } from "../../src/model/usage.ts";

const one: Usage = { promptTokens: 10, completionTokens: 5, cachedTokens: 4, cacheWriteTokens: 2, reasoningTokens: 1 };

describe("the usage of two answers together", () => {
  it("is the sum of all counts", () => {
    const audio = { inputAudioTokens: 3, cachedAudioTokens: 1, tier: "flex" as const };
    expect(addUsage(one, { ...one, billing: audio })).toEqual({
      promptTokens: 20,
      completionTokens: 10,
      cachedTokens: 8,
      cacheWriteTokens: 4,
      reasoningTokens: 2,
      billing: audio,
    });
    expect(addUsage({ ...one, billing: audio }, { ...one, billing: audio }).billing).toMatchObject({
      inputAudioTokens: 6,
      cachedAudioTokens: 2,
      tier: "flex",
    });
    expect(addUsage(one, one)).not.toHaveProperty("billing");
  });

  it("has a cost that the provider told only where it was told of both", () => {
    const told = { ...one, billing: { reportedCostUsd: 0.25 } };
    expect(addUsage(told, told).billing?.reportedCostUsd).toBe(0.5);
    expect(addUsage(told, one).billing?.reportedCostUsd).toBeUndefined();
    expect(addUsage(one, told).billing?.reportedCostUsd).toBeUndefined();
  });
});
