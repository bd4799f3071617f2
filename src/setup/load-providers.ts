import { type Environment, readEnvironment } from "../config/environment.ts";
import { loadOptions } from "../config/load-options.ts";
import type { Options } from "../config/options.ts";
import { RequestManager, type RequestManagerOptions } from "../manager/manager.ts";
import type { Provider } from "../providers/provider.ts";
import { ConfiguredModel, type ModelAddress } from "./configured-model.ts";
import { limitsOf } from "./create-manager.ts";
import { openProviders } from "./open-providers.ts";

export interface LoadProvidersOptions {
  /** Default: `llmbatch.config.json` in the working folder, if it is there. */
  readonly configFile?: string;
  /** Where keys, proxies and `LLMBATCH_…` options come from. Default: the process's own. */
  readonly environment?: Environment;
  /** Options of the manager that the file does not have, such as a cache and observers; they win over the file's. */
  readonly options?: Partial<Omit<RequestManagerOptions, "provider">>;
  /** Hears of each key that is refused and used no more, in words for a person. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
}

/** What a configuration describes, to be used. No key can be seen in it, printed or serialised. */
export interface LoadedProviders {
  /** Everything behind one manager: routes, pools of keys, limits, names of models. */
  readonly manager: RequestManager;
  /** By provider and name: what providers call their models themselves (`models`), and what routes go to. They ask through `manager`. */
  readonly models: Readonly<Record<string, Readonly<Record<string, ConfiguredModel>>>>;
  /** What `manager` asks. For a manager of your own: `new RequestManager({ ...options, provider })`; each keeps the limits by itself. */
  readonly provider: Provider;
  /** Each provider that the configuration names, by itself, with its keys and its names of models. */
  readonly providers: Readonly<Record<string, Provider>>;
  /** What the configuration says of the manager: limits, retries, the default model. */
  readonly options: Omit<RequestManagerOptions, "provider">;
  /** Stops what runs, and closes all connections. */
  close(): Promise<void>;
}

/**
 * Opens what the command line would: the providers, keys, limits and routes of a configuration file, with the `LLMBATCH_…` variables,
 * which win. What is about files and screens is left aside, and so is the cache, which is an option of the manager.
 *
 * @throws UsageError when the file cannot be read or is wrong, naming what and where, or when it names one provider only and that cannot
 *   be used. Of several, each is opened when it is first asked: a key that is missing then is that request's failure.
 */
export async function loadProviders(loading: LoadProvidersOptions = {}): Promise<LoadedProviders> {
  const { configFile, environment = readEnvironment(), onWarning = warn } = loading;
  const configured = loadOptions({}, configFile, environment);
  const opening = { options: configured, environment, needsOne: false, onEvicted: onWarning };
  const { provider, providers } = await openProviders(opening);
  const options = { ...managerOptionsOf(configured, loading.options?.cache !== undefined), ...loading.options };
  const manager = new RequestManager({ ...options, provider });
  return {
    manager,
    models: modelsOf(configured, manager),
    provider,
    providers,
    options,
    async close() {
      await manager.close();
      for (const one of Object.values(providers)) await one.close();
    },
  };
}

function warn(message: string): void {
  process.emitWarning(message, "LlmbatchWarning");
}

/** Answers are shared through a cache. */
function managerOptionsOf(options: Options, hasCache: boolean): Omit<RequestManagerOptions, "provider"> {
  return {
    ...limitsOf(options),
    dedupe: options.dedupe && hasCache,
    ...(options.model !== undefined && { model: options.model }),
    ...(options.set.length > 0 && { defaults: new Map(options.set) }),
  };
}

function modelsOf(options: Options, manager: RequestManager): LoadedProviders["models"] {
  const models = new Map<string, Map<string, ConfiguredModel>>();
  const add = (provider: string, name: string, address: ModelAddress): void => {
    const known = models.get(provider) ?? new Map<string, ConfiguredModel>();
    if (!known.has(name)) known.set(name, new ConfiguredModel(provider, name, address, manager));
    models.set(provider, known);
  };
  for (const route of Object.keys(options.routes)) {
    const [provider = "", ...name] = route.split("/");
    if (name.length > 0) add(provider, name.join("/"), { model: route });
  }
  for (const [provider, { models: names = {} }] of Object.entries(options.providers))
    for (const model of Object.keys(names)) add(provider, model, { model, provider });
  for (const [route, { to }] of Object.entries(options.routes))
    for (const { provider, model = route } of to) add(provider, model, { model, provider });
  return Object.fromEntries([...models].map(([provider, known]) => [provider, Object.fromEntries(known)]));
}
