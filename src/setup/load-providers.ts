import { type Environment, readEnvironment, unknownVariables } from "../config/environment.ts";
import { Configuration, type ConfigurationContent } from "../config/secrets/configuration.ts";
import { loadOptions, readConfiguration } from "../config/load-options.ts";
import type { Options } from "../config/options.ts";
import { leadsOnlyTo } from "../config/provider-config.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError, emitWarning } from "../model/errors.ts";
import { RequestManager, type RequestManagerOptions } from "../manager/manager.ts";
import type { Provider } from "../providers/providers.ts";
import { ConfiguredModel, type ModelAddress } from "./configured-model.ts";
import { limitsOf } from "./manager-options.ts";
import { openConfiguredPrices } from "./open-prices.ts";
import { openProviders } from "./open-providers.ts";

export interface LoadProvidersOptions {
  /** @default `llmbatch.config.json` in the working folder, if it exists */
  readonly configFile?: string;
  /** What could stand in the file, as an object; `Configuration` prints without keys. @default what the file holds */
  readonly config?: ConfigurationContent | Configuration;
  /** Where keys, proxies and `LLMBATCH_…` options come from. @default the process's environment */
  readonly environment?: Environment;
  /** Options of the manager, such as a cache and observers; they win over the file's. @default none */
  readonly options?: Partial<Omit<RequestManagerOptions, "provider">>;
  /** Called for each key that a provider rejects, each provider that is left out of its routes, … @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

/** An opened configuration. Printed or serialised it shows no key. */
export interface LoadedProviders {
  /** Asks all providers: routes, pools of keys, limits, names of models. */
  readonly manager: RequestManager;
  /** By provider and name: the models that `models` and routes name. They ask through `manager`. */
  readonly models: Readonly<Record<string, Readonly<Record<string, ConfiguredModel>>>>;
  /** What `manager` asks. For a manager of your own, with limits of its own: `new RequestManager({ ...options, provider })`. */
  readonly provider: Provider;
  /** Each provider that the configuration names, alone, with its keys and its names of models. `close` of all closes it. */
  readonly providers: Readonly<Record<string, Provider>>;
  /** The configuration's options of the manager: limits, retries, the default model. */
  readonly options: Omit<RequestManagerOptions, "provider">;
  /** As it was written. Its keys are masked where it is printed; `loadProviders({ config })` takes it, and its JSON, too. */
  readonly config: Configuration;
  /** Stops all runs and closes all connections. */
  close(): Promise<void>;
}

/**
 * Opens the providers, keys, limits and routes of a configuration file as the command line does; `LLMBATCH_…` variables win. Options of
 * files and the terminal are ignored, and so is the cache, which is an option of the manager.
 *
 * @throws ConfigurationError when the file cannot be read or is invalid, naming what and where, or when its only provider cannot be used. Not
 *   thrown for one of several providers: each is opened when it is first asked, and a missing key is that request's failure.
 * @example
 * const llm = await loadProviders({ configFile: "llmbatch.config.json", options: { cache } });
 * const results = await llm.manager.processBatch(prompts);
 * await llm.close();
 */
export async function loadProviders(loading: LoadProvidersOptions = {}): Promise<LoadedProviders> {
  refuseUnknownOptions("loadProviders", loading, ["config", "configFile", "environment", "onWarning", "options"]);
  const { environment = readEnvironment(), onWarning = emitWarning } = loading;
  const config = configurationOf(loading);
  unknownVariables(environment).forEach(onWarning);
  const configured = loadOptions({}, config, environment, onWarning);
  const prices = loading.options?.prices ?? (await openConfiguredPrices(configured, environment));
  const opening = { options: configured, environment, needsOne: false, prices, onWarning };
  const { provider, providers } = await openProviders(opening);
  const options = { ...managerOptionsOf(configured, loading.options?.cache !== undefined), prices, ...loading.options };
  const manager = new RequestManager({ ...options, provider });
  return {
    manager,
    models: modelsOf(configured, manager),
    provider,
    providers,
    options,
    config,
    async close() {
      await manager.close();
      await provider.close();
    },
  };
}

/** @throws ConfigurationError when it cannot be read, or both a file and an object are given. */
function configurationOf({ config, configFile }: LoadProvidersOptions): Configuration {
  if (config !== undefined && configFile !== undefined)
    throw new ConfigurationError("loadProviders: give `config` or `configFile`, not both");
  if (config instanceof Configuration) return config;
  return config === undefined ? (readConfiguration(configFile) ?? new Configuration({})) : new Configuration(config);
}

/** `dedupe` shares answers through a cache, and needs one. */
function managerOptionsOf(options: Options, hasCache: boolean): Omit<RequestManagerOptions, "provider"> {
  return {
    ...limitsOf(options),
    dedupe: options.dedupe && hasCache,
    ...(options.model !== undefined && { model: options.model }),
    ...(options.set.length > 0 && { defaults: Object.fromEntries(options.set.map(([key, json]) => [key, JSON.parse(json)])) }),
    ...(options.allow_files !== undefined && { allowFiles: options.allow_files }),
  };
}

function modelsOf(options: Options, manager: RequestManager): LoadedProviders["models"] {
  const models = new Map<string, Map<string, ConfiguredModel>>();
  const add = (provider: string, name: string, address: ModelAddress): void => {
    const known = models.get(provider) ?? new Map<string, ConfiguredModel>();
    if (!known.has(name)) known.set(name, new ConfiguredModel(provider, name, address, manager));
    models.set(provider, known);
  };
  // `vendor/model` of provider.json, whose providers are called `vendor/model`, too.
  const underTheirVendor = new Set<string>();
  for (const [model, route] of Object.entries(options.routes)) {
    const [vendor = "", ...name] = model.split("/");
    if (name.length === 0 || !leadsOnlyTo(vendor, route)) continue;
    add(vendor, name.join("/"), { model });
    for (const { provider } of route.to) if (provider !== vendor) underTheirVendor.add(provider);
  }
  for (const [provider, { models: names = {} }] of Object.entries(options.providers))
    for (const model of Object.keys(names)) if (!underTheirVendor.has(provider)) add(provider, model, { model, provider });
  for (const [route, { to }] of Object.entries(options.routes))
    for (const { provider, model = route } of to) if (!underTheirVendor.has(provider)) add(provider, model, { model, provider });
  return Object.fromEntries([...models].map(([provider, known]) => [provider, Object.fromEntries(known)]));
}
