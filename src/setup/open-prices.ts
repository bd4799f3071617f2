import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import type { PriceBook } from "../pricing/pricing.ts";

/** The prices of the configuration, by `PROVIDER/MODEL` or `MODEL`. */
export async function openConfiguredPrices({ prices }: Options, _environment: Environment): Promise<PriceBook> {
  return {
    date: undefined,
    costOf({ promptTokens, completionTokens }, { provider, model }) {
      const price = prices[`${provider}/${model}`] ?? prices[model];
      return price === undefined ? null : (promptTokens * price.input + completionTokens * price.output) / 1e6;
    },
    contextWindowOf: () => undefined,
  };
}
