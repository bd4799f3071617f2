import type { Usage } from "../../src/model/usage.ts";
import type { PriceBook, PricedModel } from "../../src/pricing/pricing.ts";

/** US dollars for a million tokens. What is left out costs as much as other tokens of its side. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly hourCacheWrite?: number;
  readonly reasoning?: number;
  readonly inputAudio?: number;
  readonly priorityFactor?: number;
}

/** A price list of a test's own, for the models that it names. @param windows Their context windows, where they are known. */
export function priceBook(rates: Readonly<Record<string, Rates>>, windows: Readonly<Record<string, number>> = {}): PriceBook {
  return {
    date: undefined,
    costOf: (usage, { model }) => usage.billing?.reportedCostUsd ?? costAt(usage, rates[model]),
    contextWindowOf: ({ model }: PricedModel) => windows[model],
  };
}

function costAt(usage: Usage, rates: Rates | undefined): number | null {
  if (rates === undefined) return null;
  const { input, output, cachedInput = input, cacheWrite = input, hourCacheWrite = cacheWrite, reasoning = output } = rates;
  const { hourCacheWriteTokens = 0, inputAudioTokens = 0, tier } = usage.billing ?? {};
  const plain = usage.promptTokens - usage.cachedTokens - usage.cacheWriteTokens - inputAudioTokens;
  const perMillion =
    plain * input +
    usage.cachedTokens * cachedInput +
    (usage.cacheWriteTokens - hourCacheWriteTokens) * cacheWrite +
    hourCacheWriteTokens * hourCacheWrite +
    inputAudioTokens * (rates.inputAudio ?? input) +
    (usage.completionTokens - usage.reasoningTokens) * output +
    usage.reasoningTokens * reasoning;
  return (perMillion / 1_000_000) * (tier === "priority" ? (rates.priorityFactor ?? 1) : 1);
}
