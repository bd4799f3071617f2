import { type Environment, readEnvironment } from "../../config/environment.ts";
import { createRedact, presets, type Redact } from "../../providers/providers.ts";

/** By environment: to look through it for each message would take longer than to write the message. */
const redactors = new WeakMap<Environment, Redact>();

/**
 * Hides the secrets of the environment in a message of this program. Providers redact what servers send; every message of the program
 * itself passes here.
 */
export function redactSecrets(text: string): string {
  const environment = readEnvironment();
  const redact = redactors.get(environment) ?? createRedact(secretsOf(environment));
  redactors.set(environment, redact);
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
