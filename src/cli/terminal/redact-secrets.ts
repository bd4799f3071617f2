import { type Environment, readEnvironment } from "../../config/environment.ts";
import { createRedact, presets, type Redact } from "../../providers/provider.ts";

let redact: Redact | undefined;

/**
 * Hides the secrets of the environment. What servers send back has been through its provider's redaction long before; this is the
 * last door, which every text of this program's own to a person passes.
 */
export function redactSecrets(text: string): string {
  redact ??= createRedact(secretsOf(readEnvironment()));
  return redact(text);
}

/** The presets' keys, whatever they look like, and what by name and length is a secret of something else. */
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
