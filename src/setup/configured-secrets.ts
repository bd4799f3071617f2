import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import type { Secret } from "../config/secrets/secret.ts";
import { ConfigurationError } from "../model/errors.ts";
import { listSecrets } from "../providers/providers.ts";
import { passwordsIn } from "../text/mask-addresses.ts";

/** What the options add to requests that must not be shown: keys, values of headers, and those of queries. */
export function configuredSecrets(options: Options, environment: Environment): string[] {
  const { api_key_env: variable, base_url: baseUrl, header, providers, clients, cache_path: cachePath, queue } = options;
  const key = variable === undefined ? undefined : environment[variable];
  const ofProviders = Object.values(providers).flatMap(({ api_keys: keys = [], headers = {}, base_url: address }) =>
    listSecrets(undefined, headers, queryOf(address)).concat(keys.flatMap((secret) => reveal(secret, environment))),
  );
  const ofServers = [cachePath, queue].flatMap((address) => (address === undefined ? [] : passwordsIn(address)));
  const ofClients = Object.values(clients).flatMap(({ token }) => reveal(token, environment));
  const ofRequests = listSecrets(key, Object.fromEntries(header), queryOf(baseUrl));
  return [...ofServers, ...ofRequests, ...ofProviders, ...ofClients];
}

/** A variable that is not set holds no secret. */
function reveal(secret: Secret, environment: Environment): string[] {
  try {
    return [secret.reveal(environment)];
  } catch (error) {
    if (error instanceof ConfigurationError) return [];
    throw error;
  }
}

function queryOf(address: string | undefined): string {
  return address !== undefined && URL.canParse(address) ? new URL(address).search : "";
}
