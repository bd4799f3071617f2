import type { Environment } from "../config/environment.ts";
import { Secret } from "../config/secrets/secret.ts";
import { ConfigurationError } from "../model/errors.ts";

/**
 * Keys that share the load of a provider, each with limits of its own; a key that is refused is used no more. Printed or serialised it shows
 * none: only how many there are.
 *
 * @example
 * createProvider("openai", { apiKeys: new APIKeyPool(["$OPENAI_KEY_1", "$OPENAI_KEY_2"]) });
 */
export class APIKeyPool {
  /** For people. */
  readonly providerId: string;
  readonly #keys: readonly Secret[];

  /** @param apiKeys Keys, or `$NAME` for an environment variable that holds one. @throws ConfigurationError when there is none. */
  constructor(apiKeys: readonly string[], providerId = "") {
    if (apiKeys.length === 0) throw new ConfigurationError("apiKeys: expected at least one key");
    this.providerId = providerId;
    this.#keys = apiKeys.map((key) => new Secret(key));
  }

  get length(): number {
    return this.#keys.length;
  }

  /** The keys themselves. @throws ConfigurationError when the variable of one is not set. */
  reveal(environment: Environment): string[] {
    return this.#keys.map((key) => key.reveal(environment));
  }

  toJSON(): object {
    return { providerId: this.providerId, keys: this.#keys };
  }
}
