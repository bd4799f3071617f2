import type { Options } from "../../config/options.ts";
import { Preparer } from "../../manager/manager.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { limitsOf } from "../../setup/setup.ts";
import type { FitCheck } from "./check-input.ts";

type FitOptions = Pick<Options, "context" | "sanitize" | "providers" | "prices" | "prices_file">;

/** A line this short has at most three times as many tokens, and no model holds fewer. */
const minLineLength = 512;

/**
 * What is to be said of requests before any is sent.
 *
 * @param openPrices Called once there is a request that could be too long.
 * @returns undefined where nothing is.
 */
export function fitCheckOf(
  { context, sanitize, providers, prices, prices_file: file }: FitOptions,
  provider: Provider,
  openPrices: () => Promise<PriceBook>,
): FitCheck | undefined {
  if (context !== "warn" && sanitize !== "warn") return undefined;
  const hasOwnWindows =
    file !== undefined ||
    Object.keys(prices).length > 0 ||
    Object.values(providers).some(({ context_windows: own }) => own !== undefined);
  return {
    bodiesFrom: sanitize === "warn" || hasOwnWindows ? 0 : minLineLength,
    open: async () => {
      const book = context === "warn" ? { prices: await openPrices() } : {};
      return new Preparer({ provider, context: onlyWarn(context), sanitize: onlyWarn(sanitize), ...book });
    },
  };
}

/** The options of a run whose input was looked at in that way: it is not said twice. */
export function afterFitCheck<Kept extends Pick<FitOptions, "context" | "sanitize">>(options: Kept): Kept {
  const { context, sanitize } = options;
  return { ...options, context: context === "warn" ? "off" : context, sanitize: sanitize === "warn" ? "off" : sanitize };
}

/** Makes requests what a run with the same options sends, and says nothing of it. @param prices Where a window may be needed. */
export function createQuietPreparer(options: Options, provider: Provider, prices: PriceBook | undefined): Preparer {
  return new Preparer({ ...limitsOf(afterFitCheck(options)), provider, ...(prices !== undefined && { prices }) });
}

/** As options of which nothing is changed: what would be truncated or fixed is warned of. */
export function asWarnings<Kept extends Pick<FitOptions, "context" | "sanitize">>(options: Kept): Kept {
  const { context, sanitize } = options;
  return { ...options, context: context === "off" ? "off" : "warn", sanitize: sanitize === "off" ? "off" : "warn" };
}

function onlyWarn(kind: string): "off" | "warn" {
  return kind === "warn" ? "warn" : "off";
}
