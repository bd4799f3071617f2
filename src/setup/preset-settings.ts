import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { Preset, ProviderOptions } from "../providers/providers.ts";

type Choice = Pick<Options, "api_key_env" | "base_url" | "provider">;

/**
 * Reads a preset's environment variables, those of the services' own SDKs; the user's options win.
 *
 * @throws ConfigurationError naming the variable that is missing or is not an address. Values of keys are not shown.
 */
export function readPresetSettings(choice: Choice, preset: Preset, environment: Environment): ProviderOptions {
  const baseUrl = choice.base_url ?? baseUrlFromEnvironment(preset, environment);
  if (baseUrl === undefined && preset.baseUrl === undefined)
    throw new ConfigurationError(missingAddress(choice.provider, preset));
  const apiKey = findKey(choice, preset, environment);
  return {
    ...(baseUrl !== undefined && { baseUrl }),
    ...(apiKey !== undefined && { apiKey }),
    // These headers name an account with the service, which another server does not know.
    ...(choice.base_url === undefined && { headers: headersFromEnvironment(preset, environment) }),
  };
}

/** @returns undefined when the variable is missing or empty. @throws ConfigurationError when it is not an address. */
export function baseUrlFromEnvironment(
  { baseUrlVariable, pathOfBareOrigin }: Preset,
  environment: Environment,
): string | undefined {
  const text = valueOf(baseUrlVariable, environment);
  if (text === undefined) return undefined;
  if (!URL.canParse(text))
    throw new ConfigurationError(
      `the environment variable ${baseUrlVariable} holds no address such as https://api.example.com/v1`,
    );
  const url = new URL(text);
  if (pathOfBareOrigin === undefined || url.pathname !== "/") return text;
  url.pathname = pathOfBareOrigin;
  return url.href;
}

/** @returns undefined when the variable is missing or empty. */
export function valueOf(variable: string | undefined, environment: Environment): string | undefined {
  const value = variable === undefined ? undefined : environment[variable]?.trim();
  return value === "" ? undefined : value;
}

function findKey({ api_key_env, base_url, provider }: Choice, preset: Preset, environment: Environment): string | undefined {
  const variable = api_key_env ?? preset.apiKeyVariable;
  const key = valueOf(variable, environment);
  if (key !== undefined) return key;
  if (api_key_env !== undefined) throw new ConfigurationError(missingNamedKey(api_key_env));
  const isOwnAddress =
    base_url !== undefined || (preset.baseUrl !== undefined && valueOf(preset.baseUrlVariable, environment) !== undefined);
  if (isOwnAddress || !preset.keyRequired) return undefined;
  throw new ConfigurationError(
    `no API key: the environment variable ${variable} is not set. Set it to your ${provider} key, ` +
      "or try without one: --provider mock (in a program: give apiKey)",
  );
}

function headersFromEnvironment({ headerVariables = {} }: Preset, environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headerVariables).flatMap(([name, variable]) => {
      const value = valueOf(variable, environment);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Users pass the key itself by mistake, so only what looks like a variable's name is shown. */
function missingNamedKey(variable: string): string {
  const name = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(variable) ? ` ${variable}` : "";
  return `no API key: the environment variable${name} that --api-key-env names is not set. It takes the name of a variable, not the key itself`;
}

function missingAddress(provider: string, { baseUrlVariable }: Preset): string {
  return (
    `${provider} needs an address, because each of its customers has an own one: set the environment variable ${baseUrlVariable}, ` +
    "or give --base-url"
  );
}
