import { fromNanoUsd, type Usage } from "../model/usage.ts";

/** US dollars for a million tokens. With tiers, the whole answer costs that of the last one whose `start` the request's tokens exceed. */
export type Rate = number | TieredRate;

interface TieredRate {
  readonly base: number;
  /** By rising `start`, in tokens. */
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

/** What the tokens of one model cost. What is undefined is not known, unless it says otherwise. */
export interface Rates {
  readonly input: Rate | undefined;
  readonly output: Rate | undefined;
  /** Read from the provider's cache. @default as input */
  readonly cachedInput?: Rate | undefined;
  /** Written to it. @default as input */
  readonly cacheWrite?: Rate | undefined;
  /** Kept there for an hour. @default as `cacheWrite`, times 1.6 where that is set */
  readonly hourCacheWrite?: Rate | undefined;
  readonly inputAudio?: Rate | undefined;
  /** @default as input audio */
  readonly cachedAudio?: Rate | undefined;
  readonly outputAudio?: Rate | undefined;
  /** @default as output */
  readonly reasoning?: Rate | undefined;
  /** US dollars for each answer. @default 0 */
  readonly answer?: number | undefined;
  /** What the prices are multiplied with in the batch tier. */
  readonly batchFactor?: number | undefined;
  readonly flexFactor?: number | undefined;
  readonly priorityFactor?: number | undefined;
}

/** Anthropic: what is kept for an hour costs twice the input, what is kept for five minutes 1.25 times (Claude docs, prompt caching). */
const hourToMinutes = 2 / 1.25;

/** @returns US dollars, to a billionth; null where a price that is needed is not known, and for an answer that reports no tokens. */
export function costOfTokens(usage: Usage, rates: Rates): number | null {
  const { promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens, billing = {} } = usage;
  const { inputAudioTokens = 0, outputAudioTokens = 0, cachedAudioTokens = 0, hourCacheWriteTokens = 0, tier } = billing;
  const factor = factorOf(tier, rates);
  if (promptTokens + completionTokens === 0 || factor === undefined) return null;
  const { input, output, inputAudio, outputAudio } = rates;
  const ownReasoning = rates.reasoning === undefined ? 0 : reasoningTokens;
  const minuteWrites = Math.max(0, cacheWriteTokens - hourCacheWriteTokens);
  const freshAudio = Math.max(0, inputAudioTokens - cachedAudioTokens);
  const parts: readonly Part[] = [
    [Math.max(0, promptTokens - cachedTokens - cacheWriteTokens - freshAudio), input],
    [Math.max(0, cachedTokens - cachedAudioTokens), rates.cachedInput ?? input],
    [minuteWrites, rates.cacheWrite ?? input],
    [hourCacheWriteTokens, rates.hourCacheWrite ?? times(rates.cacheWrite, hourToMinutes) ?? input],
    [freshAudio, inputAudio],
    [cachedAudioTokens, rates.cachedAudio ?? inputAudio],
    [Math.max(0, completionTokens - outputAudioTokens - ownReasoning), output],
    [outputAudioTokens, outputAudio],
    [ownReasoning, rates.reasoning],
  ];
  let millionths = 0;
  for (const [tokens, rate] of parts) {
    if (tokens === 0) continue;
    if (rate === undefined) return null;
    millionths += tokens * priceAt(rate, promptTokens);
  }
  return fromNanoUsd(Math.round((millionths * 1e3 + (rates.answer ?? 0) * 1e9) * factor));
}

type Part = readonly [tokens: number, rate: Rate | undefined];

/** @returns undefined for a tier whose price is not known. */
function factorOf(tier: "batch" | "flex" | "priority" | undefined, rates: Rates): number | undefined {
  switch (tier) {
    case undefined:
      return 1;
    case "batch":
      return rates.batchFactor;
    case "flex":
      return rates.flexFactor;
    case "priority":
      return rates.priorityFactor;
  }
}

function priceAt(rate: Rate, promptTokens: number): number {
  if (typeof rate === "number") return rate;
  let { base: price } = rate;
  for (const tier of rate.tiers) if (promptTokens > tier.start) price = tier.price;
  return price;
}

function times(rate: Rate | undefined, factor: number): Rate | undefined {
  if (rate === undefined || typeof rate === "number") return rate === undefined ? undefined : rate * factor;
  return { base: rate.base * factor, tiers: rate.tiers.map(({ start, price }) => ({ start, price: price * factor })) };
}
