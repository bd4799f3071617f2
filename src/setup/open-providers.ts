import { chooseProxy } from "../config/choose-proxy.ts";
import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { startMockServer } from "../mock/mock.ts";
import { closestTo } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { PriceBook } from "../pricing/pricing.ts";
import {
  createHttpProvider,
  createProvider,
  createRoutedProvider,
  isCredential,
  type Preset,
  presets,
  type Provider,
  type ProviderOptions,
  RouteTarget,
} from "../providers/providers.ts";
import { isLoopback } from "../sockets/loopback.ts";
import { openConfigured, targetSettings } from "./open-configured.ts";
import { readPresetSettings, valueOf } from "./preset-settings.ts";
import { RouteTable } from "./route-table.ts";
import { readTlsFiles } from "./tls-files.ts";

/** The mock's name for `--provider`. */
export const mockName = "mock";

export interface OpenProvidersOptions {
  readonly options: Options;
  readonly environment: Environment;
  /** Whether the first request throws a ConfigurationError when its provider cannot be used. If not, that is a failure of each such request. */
  readonly needsOne: boolean;
  /** For routes to the cheapest. @default none: the first of such a route is asked */
  readonly prices?: PriceBook | undefined;
  /** Called for each key that its provider rejects, and each provider that is left out of its routes, with a message for a person. */
  readonly onWarning: (message: string) => void;
}

export interface OpenedProviders {
  /** Routes each request to a provider that serves its model. */
  readonly provider: Provider;
  /** By name, each alone. */
  readonly providers: Readonly<Record<string, Provider>>;
  /** One for each key of a provider. @throws ConfigurationError when it cannot be used. */
  readonly targetsOf: (name: string) => readonly RouteTarget[];
}

/**
 * Opens the providers that the options describe: one, or those of the configuration file with their keys and routes.
 *
 * @throws ConfigurationError when one provider is named, and there is no such preset, or its key or address is not in the environment.
 */
export async function openProviders(opening: OpenProvidersOptions): Promise<OpenedProviders> {
  const { options, environment } = opening;
  if (isConfigured(options) && !options.provider_is_named) rejectCredentials(options);
  if (!asksOne(options)) return openRoutes(opening);
  const provider = await openOne(options, environment);
  const targetsOf = (name: string): RouteTarget[] => [new RouteTarget(name, provider)];
  return { provider, providers: { [options.provider]: provider }, targetsOf };
}

/**
 * For a server, which reads no line that would tell: is there a provider that could serve one?
 *
 * @throws ConfigurationError saying what is missing, where none of those that the options name can be used, and no key of another service is
 *   in the environment.
 */
export function checkServes({ providers, targetsOf }: OpenedProviders, environment: Environment): void {
  const missing = new Set<string>();
  for (const name of Object.keys(providers)) {
    try {
      targetsOf(name);
      return;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      missing.add(error.message);
    }
  }
  if (Object.values(presets).some(({ apiKeyVariable }) => valueOf(apiKeyVariable, environment) !== undefined)) return;
  throw new ConfigurationError([...missing].join("; "));
}

const priorityHeader = "x-llmbatch-priority";

/**
 * Options of a batch. At an address of this machine it says that it is one: `llmbatch serve` lets live clients go before it, and other
 * servers do not know the header. Elsewhere a `header` of the user's says it.
 */
export function givingWay(options: Options): Options {
  const { base_url: url, header } = options;
  const isHere = url !== undefined && asksOne(options) && isLoopback(new URL(url).hostname);
  return isHere ? { ...options, header: [[priorityHeader, "batch"], ...header] } : options;
}

/** Whether all requests go to the one provider that is named, whatever their models. */
export function asksOne(options: Options): boolean {
  return (options.provider_is_named || options.base_url !== undefined) && !isConfigured(options);
}

function isConfigured({ providers, routes }: Options): boolean {
  return Object.keys(providers).length > 0 || Object.keys(routes).length > 0;
}

async function openOne(options: Options, environment: Environment): Promise<Provider> {
  return isMock(options.provider, options)
    ? startMockProvider(options)
    : openPreset(options, environment, headersFor(options.provider, options));
}

/** Each provider is opened by the first request that needs it, so a key that no request needs may be missing. */
async function openRoutes({ options, environment, needsOne, prices, onWarning }: OpenProvidersOptions): Promise<OpenedProviders> {
  const names = namesOf(options);
  const mock = names.some((name) => isMock(name, options)) ? await startMockProvider(options) : undefined;
  const opened = new Map<string, readonly RouteTarget[]>();
  const targets: RouteTarget[] = [];
  const openOnce = (name: string): readonly RouteTarget[] => {
    const own = opened.get(name) ?? openTargets(name, options, environment, mock);
    if (!opened.has(name)) targets.push(...own);
    opened.set(name, own);
    return own;
  };
  const isProvider = (name: string): boolean => options.providers[name] !== undefined || presets[name] !== undefined;
  const all = new RouteTable({ options, isProvider, openTargets: openOnce, needsOne, prices, onWarning });
  // The mock's server runs already: opened here, it is closed even if no request names it.
  if (mock !== undefined) for (const name of names) if (isMock(name, options)) all.open(name);
  const alone = (name: string): Provider => {
    const table = new RouteTable({ options, isProvider, openTargets: openOnce, needsOne: false, prices, onWarning });
    const routeOf: RouteTable["routeOf"] = (request) => table.routeOf({ ...request, provider: name });
    // Its connections are those of the whole, which closes them.
    return createRoutedProvider({ name, targets: [], routeOf, onEvicted: onWarning });
  };
  return {
    provider: createRoutedProvider({ name: "llmbatch", targets, routeOf: all.routeOf, onEvicted: onWarning }),
    providers: Object.fromEntries(names.map((name) => [name, alone(name)])),
    targetsOf: openOnce,
  };
}

/** All providers that the options name. */
function namesOf({ provider, provider_is_named, providers, routes }: Options): string[] {
  const configured = [...Object.keys(providers), ...Object.values(routes).flatMap(({ to }) => to.map((entry) => entry.provider))];
  return [...new Set(provider_is_named || configured.length === 0 ? [...configured, provider] : configured)];
}

function isMock(name: string, options: Options): boolean {
  const config = options.providers[name];
  if (config !== undefined) return (config.preset ?? name) === mockName && config.base_url === undefined;
  return name === mockName && (name !== options.provider || options.base_url === undefined);
}

/** @param mock The mock, if it is running. */
function openTargets(name: string, options: Options, environment: Environment, mock: Provider | undefined): RouteTarget[] {
  const config = options.providers[name];
  if (mock !== undefined && isMock(name, options)) return [new RouteTarget(name, mock, config && targetSettings(config))];
  if (config !== undefined)
    return openConfigured(
      name,
      config,
      environment,
      { ...transportOf(options), ...readTlsFiles(name, options, environment) },
      headersFor(name, options),
    );
  const own = name === options.provider ? options : { ...options, provider: name, base_url: undefined, api_key_env: undefined };
  return [new RouteTarget(name, openPreset(own, environment, headersFor(name, options)))];
}

/** @param own Headers of the command line; they win. */
function openPreset(options: Options, environment: Environment, own: Readonly<Record<string, string>>): Provider {
  const preset = presetOf(options.provider);
  const { headers, ...settings } = readPresetSettings(options, preset, environment);
  const proxy = chooseProxy(settings.baseUrl ?? preset.baseUrl ?? "", environment);
  return createProvider(options.provider, {
    ...transportOf(options),
    ...readTlsFiles(options.provider, options, environment),
    ...settings,
    ...(proxy !== undefined && { proxy }),
    headers: { ...headers, ...own },
  });
}

/** Names are in lower case, so that a later header replaces an earlier one. Credentials go to the named provider alone. */
function headersFor(name: string, { header, provider }: Options): Record<string, string> {
  const own = name === provider ? header : header.filter(([key, value]) => !isCredential(key, value));
  return Object.fromEntries(own.map(([key, value]) => [key.toLowerCase(), value]));
}

/** @throws ConfigurationError for a credential that could be for any of several providers. */
function rejectCredentials({ header }: Options): void {
  const credential = header.find(([name, value]) => isCredential(name, value));
  if (credential === undefined) return;
  throw new ConfigurationError(
    `header: ${JSON.stringify(credential[0])} is a credential, and there are several providers that it could be for. Name one with --provider, or put it in the configuration: "providers": {NAME: {"headers": {…}}}.`,
  );
}

function transportOf(options: Options): ProviderOptions {
  return {
    allowHttp: options.allow_http,
    connections: options.concurrency,
    timeoutMs: options.timeout,
    stream: options.stream,
    idleTimeoutMs: options.idle_timeout,
    ...(options.request_id_header !== undefined && { requestIdHeader: options.request_id_header }),
  };
}

/** A real server in this process, asked over a real connection. */
async function startMockProvider(options: Options): Promise<Provider> {
  const server = await startMockServer({ port: 0 });
  const provider = createHttpProvider({
    ...transportOf(options),
    headers: headersFor(mockName, options),
    name: mockName,
    baseUrl: server.url,
    // The port differs from run to run; answers found in the cache must not.
    endpointIdentity: mockName,
    authorization: "bearer",
  });
  return {
    name: provider.name,
    endpoint: (request) => provider.endpoint(request),
    estimate: (request) => provider.estimate(request),
    send: (request, sending) => provider.send(request, sending),
    async close() {
      await provider.close();
      await server.close();
    },
  };
}

/** @throws ConfigurationError when there is none of that name. */
export function presetOf(name: string): Preset {
  const preset = presets[name];
  if (preset !== undefined) return preset;
  const names = [...Object.keys(presets), mockName];
  const closest = closestTo(name, names);
  const hint = closest === undefined ? "" : ` Did you mean ${JSON.stringify(closest)}?`;
  throw new ConfigurationError(
    `--provider: there is no provider ${JSON.stringify(name)}.${hint} There are: ${names.join(", ")}.`,
  );
}
