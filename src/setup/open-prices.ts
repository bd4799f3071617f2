import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { contextWindowsSchema, innerKeys, pricesSchema } from "../config/provider-config.ts";
import { readJsonFile } from "../config/secrets/read-json-file.ts";
import { closestTo, refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import { createPriceBook, type OwnPrice, type PriceBook, PriceTables } from "../pricing/pricing.ts";
import { presets } from "../providers/providers.ts";
import { isLoopback } from "../sockets/loopback.ts";
import { asksOne, mockName } from "./open-providers.ts";
import { valueOf } from "./preset-settings.ts";

export interface OpenPricesOptions {
  /** US dollars for a million tokens, by `MODEL` or `PROVIDER/MODEL`, as in the configuration. They win over the list prices. @default none */
  readonly prices?: Readonly<Record<string, OwnPrice>>;
  /** A JSON file of the same; it wins over `prices`, model by model. @default none */
  readonly pricesFile?: string;
  /** Tokens that request and answer may have together, by the same names. @default those of `prices`, and of the list */
  readonly contextWindows?: Readonly<Record<string, number>>;
  /** Whether the list prices are loaded, some 20 MB in memory: without them only prices of your own are known. @default true */
  readonly listPrices?: boolean;
}

/**
 * Opens prices for a manager: list prices by the address that requests go to, and your own over them.
 *
 * @throws ConfigurationError when the file cannot be read, a price is none, or an option does not exist. Not for a model without a price: its cost is null.
 * @example
 * const prices = await openPrices({ prices: { "my-model": { input: 0.4, output: 1.6, cached_input: 0.1 } } });
 * const manager = new RequestManager({ provider, prices });
 */
export async function openPrices(opening: OpenPricesOptions = {}): Promise<PriceBook> {
  refuseUnknownOptions("openPrices", opening, ["prices", "pricesFile", "contextWindows", "listPrices"]);
  const { prices = {}, pricesFile, contextWindows = {}, listPrices = true } = opening;
  return createPriceBook({
    prices: [...(pricesFile === undefined ? [] : [readPrices(pricesFile)]), parsePrices(prices, "prices")],
    contextWindows: parseWindows(contextWindows),
    tables: listPrices ? await PriceTables.load() : undefined,
  });
}

/**
 * Opens the prices of a run. List prices are loaded unless all requests go to this machine.
 *
 * @throws ConfigurationError when `--prices` names a file that cannot be read or holds something else.
 */
export async function openConfiguredPrices(options: Options, environment: Environment): Promise<PriceBook> {
  const { prices, prices_file: file, providers } = options;
  const windows = Object.entries(providers).flatMap(([name, { context_windows: own = {} }]) =>
    Object.entries(own).map(([model, tokens]) => [`${name}/${model}`, tokens] as const),
  );
  const layers = [...(file === undefined ? [] : [readPrices(file)]), prices];
  return createPriceBook({
    prices: layers.map((layer) => alsoByOwnNames(layer, options)),
    contextWindows: alsoByOwnNames(Object.fromEntries(windows), options),
    tables: mayLeaveThisMachine(options, environment) ? await PriceTables.load() : undefined,
  });
}

function readPrices(file: string): Readonly<Record<string, OwnPrice>> {
  return parsePrices(readJsonFile("--prices", file), `--prices: ${file}`);
}

/** @param source For messages. */
function parsePrices(prices: unknown, source: string): Readonly<Record<string, OwnPrice>> {
  const parsed = pricesSchema.safeParse(prices);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const [unknown] = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].map((key) => JSON.stringify(key)).join(".");
  const closest = unknown === undefined ? undefined : closestTo(unknown, innerKeys["prices"] ?? []);
  const hint = closest === undefined ? "" : `; did you mean ${JSON.stringify(closest)}?`;
  const what = unknown === undefined ? `expected ${issue?.message ?? "prices"}` : `there is no such price${hint}`;
  throw new ConfigurationError(`${source}${path === "" ? "" : `: ${path}`}: ${what}`);
}

function parseWindows(windows: unknown): Readonly<Record<string, number>> {
  const parsed = contextWindowsSchema.safeParse(windows);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((key) => `: ${JSON.stringify(key)}`).join("");
  throw new ConfigurationError(`contextWindows${path}: expected ${issue?.message ?? "tokens by model"}`);
}

/** Lines have names of their own for a provider's models: what is set by those is set by the provider's names, too. */
function alsoByOwnNames<Value>(values: Readonly<Record<string, Value>>, { providers }: Options): Record<string, Value> {
  const all = new Map(Object.entries(values));
  for (const [provider, { models = {} }] of Object.entries(providers)) {
    for (const [alias, id] of Object.entries(models)) {
      const own = `${provider}/${id}`;
      const value = all.get(`${provider}/${alias}`) ?? (values[id] === undefined ? values[alias] : undefined);
      if (value !== undefined && !all.has(own)) all.set(own, value);
    }
  }
  return Object.fromEntries(all);
}

/** Of several providers a line may name any, and any preset. */
function mayLeaveThisMachine(options: Options, environment: Environment): boolean {
  if (!asksOne(options)) return true;
  const { provider, base_url: given } = options;
  const preset = presets[provider];
  const address = given ?? valueOf(preset?.baseUrlVariable, environment) ?? preset?.baseUrl ?? "";
  if (provider === mockName && given === undefined) return false;
  // List prices are of addresses that begin with `https:`.
  return URL.canParse(address) && new URL(address).protocol === "https:" && !isLoopback(new URL(address).hostname);
}
