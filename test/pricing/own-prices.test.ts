import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { type Billing, noUsage, type Usage } from "../../src/model/usage.ts";
import { createPriceBook, PriceTables } from "../../src/pricing/pricing.ts";

const full = {
  input: 1,
  output: 4,
  cached_input: 0.1,
  cache_write: 1.25,
  reasoning: 6,
  batch_factor: 0.4,
  flex_factor: 0.6,
  priority_factor: 2,
  context_window: 32_000,
};
const usage: Usage = {
  promptTokens: 1000,
  completionTokens: 100,
  cachedTokens: 500,
  cacheWriteTokens: 200,
  reasoningTokens: 40,
};
const at = (provider: string, model: string) => ({ baseUrl: "https://api.openai.com/v1", provider, model });
const costs = (price: typeof full | { input: number; output: number }, billing: Billing = {}): number | null =>
  createPriceBook({ prices: [{ m: price }] }).costOf({ ...usage, billing }, at("p", "m"));

describe("prices of the user", () => {
  it("are of fresh, cached and written input, output, and reasoning apart", () => {
    expect(costs(full)).toBe((300 * 1 + 500 * 0.1 + 200 * 1.25 + 60 * 4 + 40 * 6) / 1e6);
    expect(costs({ input: 1, output: 4 })).toBe((1000 * 1 + 100 * 4) / 1e6);
  });

  it("of what is kept for an hour is 1.6 times that of five minutes, and sound costs what text does", () => {
    expect(costs(full, { hourCacheWriteTokens: 200 })).toBe((300 + 50 + 200 * 2 + 240 + 240) / 1e6);
    expect(costs({ input: 1, output: 4 }, { hourCacheWriteTokens: 200, inputAudioTokens: 300, outputAudioTokens: 9 })).toBe(
      0.0014,
    );
  });

  it.each<[NonNullable<Billing["tier"]>, number | null, number | null]>([
    ["batch", 0.4, 0.5],
    ["flex", 0.6, 0.5],
    ["priority", 2, null],
  ])("are multiplied in the tier %s", (tier, set, unset) => {
    const plain = costs(full) ?? Number.NaN;
    expect(costs(full, { tier })).toBeCloseTo(plain * (set ?? 0), 12);
    expect(costs({ input: 1, output: 4 }, { tier })).toBe(unset === null ? null : 0.0014 * unset);
  });

  it("may be 0, which is a price", () => {
    expect(costs({ input: 0, output: 0 })).toBe(0);
  });

  it("give way to what the provider reports", () => {
    expect(costs(full, { reportedCostUsd: 0.5 })).toBe(0.5);
  });

  it("win over the list; the provider's over the model's, and the first layer over the second, model by model", async () => {
    const first = { "gpt-5.4-mini": { input: 1, output: 1 } };
    const second = {
      "gpt-5.4-mini": { input: 2, output: 2 },
      "own/gpt-5.4-mini": { input: 3, output: 3 },
      x: { input: 9, output: 9 },
    };
    const layered = createPriceBook({ prices: [first, second], tables: await PriceTables.load() });
    const bare = createPriceBook({ prices: [second], tables: await PriceTables.load() });
    const million = { ...noUsage, promptTokens: 1_000_000 };
    const cost = (book: typeof bare, provider: string, model: string): number | null => book.costOf(million, at(provider, model));
    expect(cost(layered, "own", "gpt-5.4-mini")).toBe(1);
    expect(cost(bare, "own, key 2", "gpt-5.4-mini")).toBe(3);
    expect(cost(bare, "openai", "gpt-5.4-mini")).toBe(2);
    expect(cost(layered, "own", "x")).toBe(9);
    expect(cost(layered, "openai", "gpt-5.4-nano")).toBe(0.2);
  });

  it("say how much a model holds; what is set by itself wins, and then the list", async () => {
    const book = createPriceBook({
      prices: [{ m: full, n: full }],
      contextWindows: { "p/m": 8000 },
      tables: await PriceTables.load(),
    });
    expect(
      [at("p", "m"), at("q", "m"), at("p", "gpt-5.4-mini"), at("p", "other")].map((model) => book.contextWindowOf(model)),
    ).toEqual([8000, 32_000, 400_000, undefined]);
  });

  it("never come to less than nothing, whatever a server counts", () => {
    const tokens = integer({ min: 0, max: 1e9 });
    const anyUsage = record({
      promptTokens: tokens,
      completionTokens: tokens,
      cachedTokens: tokens,
      cacheWriteTokens: tokens,
      reasoningTokens: tokens,
      billing: record({
        inputAudioTokens: tokens,
        outputAudioTokens: tokens,
        cachedAudioTokens: tokens,
        hourCacheWriteTokens: tokens,
      }),
    });
    const book = createPriceBook({ prices: [{ m: full }] });
    assert(
      property(anyUsage, (used) => {
        const cost = book.costOf(used, at("p", "m"));
        expect(cost === null || cost >= 0).toBe(true);
        expect(cost).toBe(book.costOf(used, at("p", "m")));
      }),
    );
  });
});
