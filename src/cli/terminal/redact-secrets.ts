import { type Environment, readEnvironment } from "../../config/environment.ts";
import { maskAddresses, passwordsIn } from "../../text/mask-addresses.ts";
import { createRedact, type Redact } from "../../text/redaction.ts";

/** By environment: to look through it for each message would take longer than to write the message. */
const redactors = new WeakMap<Environment, Redact>();

/**
 * Hides the secrets of the environment, and those in addresses, in a message of this program. Providers redact what servers send; every message
 * of the program itself passes here.
 */
export function redactSecrets(text: string): string {
  const environment = readEnvironment();
  const redact = redactors.get(environment) ?? createRedact(secretsOf(environment));
  redactors.set(environment, redact);
  return maskAddresses(redact(text));
}

/** The values of all variables whose names are those of secrets, the presets' keys among them, and the passwords in addresses. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = ""]) => {
    const secret = value.trim();
    if (keyName.test(name) || (secretName.test(name) && secret.length >= minSecretCharacters)) return [secret];
    return passwordsIn(secret);
  });
}

const keyName = /(?:^|_)API_?KEY$/i;
const secretName = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)$/i;

/** Shorter values may be words. */
const minSecretCharacters = 12;
