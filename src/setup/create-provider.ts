import { type Environment, readEnvironment } from "../config/environment.ts";
import { parseRateLimit, rateLimitExample } from "../config/parse-rate-limit.ts";
import { accountHeaders } from "../config/provider-config.ts";
import { memberTexts } from "../json/json-text.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError, emitWarning } from "../model/errors.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import {
  createProvider as createPresetProvider,
  createRoutedProvider,
  presets,
  type Provider,
  type ProviderOptions,
} from "../providers/providers.ts";
import { APIKeyPool } from "./api-key-pool.ts";
import { openKeys, targetSettings } from "./open-configured.ts";
import { readPresetSettings } from "./preset-settings.ts";

/** What a preset does not know, or what is to differ from it; the same as a provider of the configuration file. */
export interface CreateProviderOptions extends Omit<ProviderOptions, "apiKey"> {
  /** @default the environment variable of the preset's own SDK, also at a `baseUrl` of your own */
  readonly apiKey?: string | undefined;
  /** Several keys share the load. `"$NAME"` names an environment variable. @default `apiKey` alone */
  readonly apiKeys?: readonly string[] | APIKeyPool;
  /** OpenAI's names of an account, sent as headers. @default none */
  readonly organization?: string;
  readonly project?: string;
  /** Of each key: `"requests=10/1s"`, `"tokens=1e6/1m"`. @default none */
  readonly limits?: readonly (string | RateLimit)[];
  /** In flight at most, with all models and keys together. @default as many as the manager allows */
  readonly concurrency?: number;
  /** Attempts after the first, of one request. @default the manager's */
  readonly maxRetries?: number;
  /** What the provider calls models, by names of your own. A list names models as they are. @default none: all as they are */
  readonly models?: Readonly<Record<string, string>> | readonly string[];
  /** Members for bodies that do not have them. What the manager's `defaults` say wins. @default none */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** The same for models, by the names that requests use; they win over `defaults`. @default none */
  readonly modelDefaults?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Where keys are looked for. @default the process's environment */
  readonly environment?: Environment;
  /** Called for each key that the provider rejects. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

/** Complete, as the type says: an option that is missing here does not compile. */
const known: Readonly<Record<keyof CreateProviderOptions, true>> = {
  allowHttp: true,
  apiKey: true,
  apiKeys: true,
  authorization: true,
  baseUrl: true,
  concurrency: true,
  connections: true,
  defaults: true,
  endpointIdentity: true,
  environment: true,
  headers: true,
  idleTimeoutMs: true,
  limits: true,
  maxRetries: true,
  modelDefaults: true,
  models: true,
  onWarning: true,
  organization: true,
  project: true,
  promptPath: true,
  protocols: true,
  proxy: true,
  requestIdHeader: true,
  requestsPeriodMs: true,
  stream: true,
  takesAnyPath: true,
  timeoutMs: true,
  tls: true,
  tokenCounting: true,
};

/**
 * A provider by the name of its preset: `createProvider("openai")`.
 *
 * @throws ConfigurationError when there is no such preset or option, a key is needed and neither given nor in the environment (a `baseUrl` of
 *   your own makes it optional), it has no address of its own and none is given, or a base URL, key, header or limit cannot be used.
 * @example
 * createProvider("openai", { apiKeys: ["$KEY_1", "$KEY_2"], limits: ["requests=10/1s"], models: { fast: "gpt-5.4-mini" } });
 */
export function createProvider(preset: string, options: CreateProviderOptions = {}): Provider {
  refuseUnknownOptions("createProvider", options, Object.keys(known));
  const {
    apiKey,
    apiKeys,
    organization,
    project,
    limits,
    concurrency,
    maxRetries,
    models,
    defaults,
    modelDefaults,
    environment = readEnvironment(),
    onWarning = emitWarning,
    ...http
  } = options;
  if (apiKey !== undefined && apiKeys !== undefined)
    throw new ConfigurationError("createProvider: give `apiKey` or `apiKeys`, not both");
  const pool = apiKeys === undefined || apiKeys instanceof APIKeyPool ? apiKeys : new APIKeyPool(apiKeys);
  const keys = pool?.reveal(environment) ?? [apiKey];
  const open = (key: string | undefined): Provider => {
    const { headers, ...settings } = settingsOf(preset, key, http.baseUrl, environment);
    const all = { ...headers, ...accountHeaders({ organization, project }), ...http.headers };
    return createPresetProvider(preset, { ...settings, ...http, headers: all });
  };
  const isRouted = [apiKeys, limits, concurrency, maxRetries, models, defaults, modelDefaults].some(
    (option) => option !== undefined,
  );
  if (!isRouted) return open(apiKey);
  const settings = targetSettings({ limits: limits?.map(readLimit), concurrency, max_retries: maxRetries });
  const targets = openKeys(preset, keys, open, settings);
  const names = new Map(Array.isArray(models) ? [] : Object.entries(models ?? {}));
  const common = defaults && memberTexts(defaults);
  const own = new Map(Object.entries(modelDefaults ?? {}).map(([name, set]) => [name, memberTexts({ ...defaults, ...set })]));
  return createRoutedProvider({
    name: preset,
    targets,
    routeOf: ({ model }) =>
      targets.map((target) => ({
        target,
        model: names.get(model) ?? model,
        rank: 0,
        weight: 1 / targets.length,
        defaults: own.get(model) ?? common,
      })),
    onEvicted: onWarning,
  });
}

/** A key that is given is for the address that is given, or the service's own; the environment's variables belong together. */
function settingsOf(
  name: string,
  apiKey: string | undefined,
  baseUrl: string | undefined,
  environment: Environment,
): ProviderOptions {
  const preset = presets[name];
  if (apiKey !== undefined) return { apiKey };
  return preset === undefined
    ? {}
    : readPresetSettings({ provider: name, base_url: baseUrl, api_key_env: undefined }, preset, environment);
}

function readLimit(limit: string | RateLimit): RateLimit {
  const parsed = typeof limit === "string" ? parseRateLimit(limit) : limit;
  if (parsed !== undefined) return parsed;
  throw new ConfigurationError(`limits: expected a limit such as ${rateLimitExample}, not ${JSON.stringify(limit)}`);
}
