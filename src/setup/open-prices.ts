import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import type { PriceBook } from "../pricing/pricing.ts";

/** Opens the prices of a run. */
export async function openConfiguredPrices({ providers }: Options, _environment: Environment): Promise<PriceBook> {
  return {
    date: undefined,
    costOf: (usage) => usage.billing?.reportedCostUsd ?? null,
    contextWindowOf: ({ provider, model }) => providers[provider]?.context_windows?.[model],
  };
}
