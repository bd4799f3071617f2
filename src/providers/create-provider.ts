import { ConfigurationError } from "../model/errors.ts";
import { createHttpProvider } from "./http-provider.ts";
import type { HttpProviderOptions } from "./http-provider-options.ts";
import { protocols } from "./protocols/protocols.ts";
import { presets } from "./presets.ts";
import type { Provider } from "./provider.ts";

/** What a preset does not know, or what is to differ from it. */
export type ProviderOptions = Partial<Omit<HttpProviderOptions, "name">>;

/**
 * A provider by the name of its preset: `createProvider("openai", { apiKey })`.
 *
 * @throws ConfigurationError when there is no such preset, it needs a key and none is given (a `baseUrl` of your own makes it optional), it has
 *   no address of its own and none is given, or a base URL, key or header cannot be used.
 */
export function createProvider(name: string, options: ProviderOptions = {}): Provider {
  const preset = presets[name];
  if (preset === undefined)
    throw new ConfigurationError(`there is no provider ${JSON.stringify(name)}; there are: ${Object.keys(presets).join(", ")}`);
  if (preset.keyRequired && options.apiKey === undefined && options.baseUrl === undefined)
    throw new ConfigurationError(
      `${name} needs an apiKey; its users keep it in the environment variable ${preset.apiKeyVariable ?? ""}`,
    );
  const baseUrl = options.baseUrl ?? preset.baseUrl;
  if (baseUrl === undefined)
    throw new ConfigurationError(`${name} needs a baseUrl: each of its customers has an address of their own`);
  const { authorization, tokenCounting, requestsPeriodMs, lacks = [], ownPath: promptPath } = preset;
  // Another server at the preset's name may count otherwise, and have other APIs.
  const own =
    options.baseUrl === undefined
      ? {
          ...(tokenCounting !== undefined && { tokenCounting }),
          ...(requestsPeriodMs !== undefined && { requestsPeriodMs }),
          protocols: protocols.filter(({ path }) => !lacks.includes(path)),
        }
      : { takesAnyPath: true };
  return createHttpProvider({
    authorization,
    ...(promptPath !== undefined && { promptPath }),
    ...own,
    ...options,
    baseUrl,
    name,
  });
}
