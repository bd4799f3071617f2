import type { Usage } from "../model/usage.ts";
import { type OwnPrice, OwnValues, ratesOfOwn, valuesOf } from "./own-prices.ts";
import type { PriceBook, PricedModel } from "./price-book.ts";
import type { PriceTables } from "./price-tables.ts";
import { costOfTokens, type Rates } from "./rates.ts";

export interface PriceBookOptions {
  /** By `MODEL` or `PROVIDER/MODEL`; the first that has a model wins, over the tables. @default none */
  readonly prices?: readonly Readonly<Record<string, OwnPrice>>[];
  /** In tokens, by the same names; they win over those of `prices`. @default none */
  readonly contextWindows?: Readonly<Record<string, number>>;
  /** @default none */
  readonly tables?: PriceTables | undefined;
}

export function createPriceBook({ prices = [], contextWindows = {}, tables }: PriceBookOptions): PriceBook {
  return new LayeredPrices(prices, contextWindows, tables);
}

/** The user's prices and windows over those of the tables. */
class LayeredPrices implements PriceBook {
  readonly #rates: readonly OwnValues<Rates>[];
  readonly #windows: readonly OwnValues<number>[];
  readonly #tables: PriceTables | undefined;

  constructor(
    prices: readonly Readonly<Record<string, OwnPrice>>[],
    contextWindows: Readonly<Record<string, number>>,
    tables: PriceTables | undefined,
  ) {
    this.#rates = prices.map((layer) => valuesOf(layer, ratesOfOwn));
    this.#windows = [
      new OwnValues(Object.entries(contextWindows)),
      ...prices.map((layer) => valuesOf(layer, ({ context_window: tokens }) => tokens)),
    ];
    this.#tables = tables;
  }

  get date(): string | undefined {
    return this.#tables?.date;
  }

  costOf(usage: Usage, model: PricedModel): number | null {
    const reported = usage.billing?.reportedCostUsd;
    if (reported !== undefined) return reported;
    const rates = firstOf(this.#rates, model) ?? this.#tables?.find(model.baseUrl, model.model)?.rates;
    return rates === undefined ? null : costOfTokens(usage, rates);
  }

  contextWindowOf(model: PricedModel): number | undefined {
    return firstOf(this.#windows, model) ?? this.#tables?.find(model.baseUrl, model.model)?.contextWindow;
  }
}

function firstOf<Value>(layers: readonly OwnValues<Value>[], model: PricedModel): Value | undefined {
  for (const layer of layers) {
    const found = layer.find(model);
    if (found !== undefined) return found;
  }
  return undefined;
}
