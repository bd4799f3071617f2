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

const mockName = "mock";

/**
 * The provider that the options describe.
 *
 * @throws UsageError when there is no such preset, or the key it needs is not in the environment.
 */
export async function openProvider(options: Options, environment: Environment): Promise<Provider> {
  if (options.provider === mockName && options.base_url === undefined) return startMockProvider(options);
  const preset = presetOf(options.provider);
  const apiKey = findKey(options, preset, environment);
  return createProvider(options.provider, {
    ...transportOf(options),
    ...(options.base_url !== undefined && { baseUrl: options.base_url }),
    ...(apiKey !== undefined && { apiKey }),
  });
}

function transportOf(options: Options): ProviderOptions {
  return {
    headers: Object.fromEntries(options.header),
    connections: options.concurrency,
    timeoutMs: options.timeout,
    stream: options.stream,
    idleTimeoutMs: options.idle_timeout,
  };
}

/** Practice goes over a real connection to a real server in this process, so that it exercises what a run exercises. */
async function startMockProvider(options: Options): Promise<Provider> {
  const server = await startMockServer({ port: 0 });
  const provider = createHttpProvider({
    ...transportOf(options),
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

function findKey({ api_key_env, base_url, provider }: Options, preset: Preset, environment: Environment): string | undefined {
  const variable = api_key_env ?? preset.apiKeyVariable;
  const key = variable === undefined ? undefined : environment[variable]?.trim();
  if (key !== undefined && key !== "") return key;
  const isRequired = api_key_env !== undefined || (preset.keyRequired && base_url === undefined);
  if (!isRequired) return undefined;
  throw new UsageError(
    `no API key: the environment variable ${variable} is not set. Set it to your ${provider} key, ` +
      "or try without one: --provider mock",
  );
}
