import { chooseProxy } from "../config/choose-proxy.ts";
import type { Environment } from "../config/environment.ts";
import { accountHeaders, type ProviderConfig } from "../config/provider-config.ts";
import { ConfigurationError } from "../model/errors.ts";
import {
  createHttpProvider,
  createProvider,
  presets,
  type Provider,
  type ProviderOptions,
  RouteTarget,
  type TargetSettings,
} from "../providers/providers.ts";
import { readPresetSettings } from "./preset-settings.ts";

/**
 * Opens a provider of the configuration file, once for each of its keys.
 *
 * @param headers Of the command line; they win over the file's.
 * @throws ConfigurationError naming the provider and what is missing.
 */
export function openConfigured(
  name: string,
  config: ProviderConfig,
  environment: Environment,
  transport: ProviderOptions,
  headers: Readonly<Record<string, string>>,
): RouteTarget[] {
  const own = { ...transport, ...transportOf(config), headers };
  const open = (apiKey: string | undefined): Provider => openOne(name, config, environment, apiKey, own);
  const keys = config.api_keys?.map((key) => key.reveal(environment)) ?? [undefined];
  return openKeys(name, keys, open, targetSettings(config));
}

/** Opens a provider once for each of its keys. */
export function openKeys(
  name: string,
  keys: readonly (string | undefined)[],
  open: (apiKey: string | undefined) => Provider,
  settings: TargetSettings,
): RouteTarget[] {
  const nameOf = (index: number): string => (keys.length === 1 ? name : `${name}, key ${index + 1}`);
  return keys.map((key, index) => new RouteTarget(nameOf(index), open(key), settings));
}

/** Of all targets of a provider: its keys share the object. */
export function targetSettings({
  limits,
  concurrency,
  max_retries: maxRetries,
}: Pick<ProviderConfig, "limits" | "concurrency" | "max_retries">): TargetSettings {
  return { limits, maxRetries, concurrency: concurrency === undefined ? undefined : { max: concurrency } };
}

function transportOf({ timeout, stream }: ProviderConfig): ProviderOptions {
  return { ...(timeout !== undefined && { timeoutMs: timeout }), ...(stream !== undefined && { stream }) };
}

function openOne(
  name: string,
  config: ProviderConfig,
  environment: Environment,
  apiKey: string | undefined,
  { headers, ...transport }: ProviderOptions,
): Provider {
  const presetName = config.preset ?? name;
  const preset = presets[presetName];
  const ownHeaders = { ...accountHeaders(config), ...lowerCase(config.headers), ...headers };
  const proxy = chooseProxy(config.base_url ?? preset?.baseUrl ?? "", environment);
  const own = { ...transport, ...(apiKey !== undefined && { apiKey }), ...(proxy !== undefined && { proxy }) };
  if (preset === undefined) {
    if (config.base_url === undefined) throw new ConfigurationError(withoutAddress(name, config));
    return createHttpProvider({ ...own, name, baseUrl: config.base_url, takesAnyPath: true, headers: ownHeaders });
  }
  const choice = { provider: presetName, base_url: config.base_url, api_key_env: undefined };
  const settings = apiKey === undefined ? readPresetSettings(choice, preset, environment) : {};
  const address = config.base_url === undefined ? {} : { baseUrl: config.base_url };
  return createProvider(presetName, { ...settings, ...own, ...address, headers: { ...settings.headers, ...ownHeaders } });
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function withoutAddress(name: string, { preset }: ProviderConfig): string {
  const known = Object.keys(presets).join(", ");
  if (preset !== undefined) return `providers.${name}: there is no preset ${JSON.stringify(preset)}; there are: ${known}`;
  return `there is no provider ${JSON.stringify(name)}: it is none of ${known}, and no provider of the configuration with a "base_url"`;
}
