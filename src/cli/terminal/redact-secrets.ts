import { type Environment, readEnvironment } from "../../config/environment.ts";
import { createRedact, presets, type Redact } from "../../providers/providers.ts";

let redact: Redact | undefined;

/**
 * Hides the secrets of the environment in a message of this program. Providers redact what servers send; every message of the program
 * itself passes here.
 */
export function redactSecrets(text: string): string {
  redact ??= createRedact(secretsOf(readEnvironment()));
  return redact(text);
}

/** The presets' keys, and every variable whose name and length are those of a secret. */
export function secretsOf(environment: Environment): string[] {
  const keyVariables = new Set(Object.values(presets).map(({ apiKeyVariable }) => apiKeyVariable));
  return Object.entries(environment).flatMap(([name, value = ""]) => {
    const secret = value.trim();
    return keyVariables.has(name) || (secretName.test(name) && secret.length >= minSecretCharacters) ? [secret] : [];
  });
}

const secretName = /(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD)$/i;

/** Shorter values may be words. */
const minSecretCharacters = 12;
