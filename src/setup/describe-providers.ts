import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import {
  createHttpProvider,
  createProvider,
  createRoutedProvider,
  presets,
  type Provider,
  RouteTarget,
} from "../providers/providers.ts";
import { openKeys, targetSettings } from "./open-configured.ts";
import { asksOne, mockName, presetOf } from "./open-providers.ts";
import { baseUrlFromEnvironment } from "./preset-settings.ts";
import { RouteTable } from "./route-table.ts";

/** Stands for an address that is not needed to know which requests can be sent. */
const anyAddress = "https://llmbatch.invalid";

/**
 * The providers that the options describe, without keys and connections: they say which requests they would take, and send none.
 *
 * @throws ConfigurationError when one provider is named, and there is none of that name.
 */
export function describeProviders(options: Options, environment: Environment): Provider {
  const describe = (name: string): Provider => describeOne(name, options, environment);
  if (asksOne(options)) {
    const { provider, providers, base_url: given } = options;
    if (providers[provider] === undefined && given === undefined && provider !== mockName) presetOf(provider);
    return describe(provider);
  }
  const table = new RouteTable({
    options,
    isProvider: (name) => options.providers[name] !== undefined || presets[name] !== undefined,
    openTargets: (name) => describeKeys(name, options, describe(name)),
    needsOne: false,
    onWarning: () => undefined,
  });
  return createRoutedProvider({ name: "llmbatch", targets: [], routeOf: table.routeOf, onEvicted: () => undefined });
}

/** One for each key, as they will be opened. */
function describeKeys(name: string, { providers }: Options, provider: Provider): RouteTarget[] {
  const config = providers[name] ?? {};
  return openKeys(name, config.api_keys?.map(() => undefined) ?? [undefined], () => provider, targetSettings(config));
}

function describeOne(name: string, options: Options, environment: Environment): Provider {
  const config = options.providers[name];
  const presetName = config?.preset ?? name;
  const preset = presets[presetName];
  const given = config === undefined && name === options.provider ? options.base_url : config?.base_url;
  const common = { name, allowHttp: true };
  if (preset === undefined && given !== undefined) return createHttpProvider({ ...common, baseUrl: given, takesAnyPath: true });
  if (presetName === mockName) return createHttpProvider({ ...common, baseUrl: anyAddress, endpointIdentity: mockName });
  const inEnvironment =
    preset && (baseUrlFromEnvironment(preset, environment) ?? (preset.baseUrl === undefined ? anyAddress : undefined));
  const baseUrl = given ?? inEnvironment;
  return createProvider(presetName, { allowHttp: true, apiKey: "none", ...(baseUrl !== undefined && { baseUrl }) });
}
