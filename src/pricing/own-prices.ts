import type { PricedModel } from "./price-book.ts";
import type { Rates } from "./rates.ts";

/** A model's price as its user sets it: US dollars for a million tokens. */
export interface OwnPrice {
  readonly input: number;
  readonly output: number;
  /** Read from the provider's cache. @default as input, audio too */
  readonly cached_input?: number | undefined;
  /** Written to it. @default as input. What is kept for an hour costs 1.6 times this. */
  readonly cache_write?: number | undefined;
  /** Part of the output. @default as output */
  readonly reasoning?: number | undefined;
  /** What all of it is multiplied with, of answers of the batch tier. @default 0.5 */
  readonly batch_factor?: number | undefined;
  /** @default 0.5 */
  readonly flex_factor?: number | undefined;
  /** @default not known: such answers have no price */
  readonly priority_factor?: number | undefined;
  /** Tokens that request and answer may have together. */
  readonly context_window?: number | undefined;
}

/** OpenAI, Anthropic and Google halve prices in their batch and flex tiers. */
export const halfPrice = 0.5;

/** What is set by `MODEL`, or by `PROVIDER/MODEL`, which wins. */
export class OwnValues<Value> {
  readonly #values: ReadonlyMap<string, Value>;

  constructor(entries: Iterable<readonly [name: string, value: Value]>) {
    this.#values = new Map(entries);
  }

  /** What is set for the provider of a target is set for each of its keys. */
  find({ provider, model }: PricedModel): Value | undefined {
    if (this.#values.size === 0) return undefined;
    return this.#values.get(`${provider.replace(/, key \d+$/, "")}/${model}`) ?? this.#values.get(model);
  }
}

/** @param read What is asked of a price; prices that do not say it are left out. */
export function valuesOf<Value>(
  prices: Readonly<Record<string, OwnPrice>>,
  read: (price: OwnPrice) => Value | undefined,
): OwnValues<Value> {
  return new OwnValues(
    Object.entries(prices).flatMap(([name, price]) => {
      const value = read(price);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

export function ratesOfOwn(price: OwnPrice): Rates {
  const { input, output, cached_input: cachedInput, cache_write: cacheWrite, reasoning } = price;
  return {
    input,
    output,
    cachedInput,
    cacheWrite,
    reasoning,
    inputAudio: input,
    cachedAudio: cachedInput,
    outputAudio: output,
    batchFactor: price.batch_factor ?? halfPrice,
    flexFactor: price.flex_factor ?? halfPrice,
    priorityFactor: price.priority_factor,
  };
}
