import { chooseProxy } from "../config/choose-proxy.ts";
import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { startMockServer } from "../mock/mock-server.ts";
import { UsageError } from "../model/errors.ts";
import {
  createHttpProvider,
  createProvider,
  type Preset,
  presets,
  type Provider,
  type ProviderOptions,
} from "../providers/provider.ts";
import { readPresetSettings } from "./preset-settings.ts";

/** What `--provider` calls the practice provider. */
export const mockName = "mock";

/**
 * The provider that the options describe.
 *
 * @throws UsageError when there is no such preset, or the key or address it needs is not in the environment.
 */
export async function openProvider(options: Options, environment: Environment): Promise<Provider> {
  if (options.provider === mockName && options.base_url === undefined) return startMockProvider(options);
  const preset = presetOf(options.provider);
  const { headers, ...settings } = readPresetSettings(options, preset, environment);
  const proxy = chooseProxy(settings.baseUrl ?? preset.baseUrl ?? "", environment);
  return createProvider(options.provider, {
    ...transportOf(options),
    ...settings,
    ...(proxy !== undefined && { proxy }),
    headers: { ...headers, ...headersOf(options) },
  });
}

/** Names in lower case, so that a later one takes the place of an earlier. */
function headersOf({ header }: Options): Record<string, string> {
  return Object.fromEntries(header.map(([name, value]) => [name.toLowerCase(), value]));
}

function transportOf(options: Options): ProviderOptions {
  return {
    allowHttp: options.allow_http,
    connections: options.concurrency,
    timeoutMs: options.timeout,
  };
}

/** Practice goes over a real connection to a real server in this process, so that it exercises what a run exercises. */
async function startMockProvider(options: Options): Promise<Provider> {
  const server = await startMockServer({ port: 0 });
  const provider = createHttpProvider({
    ...transportOf(options),
    headers: headersOf(options),
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

function presetOf(name: string): Preset {
  const preset = presets[name];
  if (preset !== undefined) return preset;
  const names = [...Object.keys(presets), mockName].join(", ");
  throw new UsageError(`--provider: there is no provider ${JSON.stringify(name)}. There are: ${names}.`);
}
