import { ConfigurationError } from "../model/errors.ts";

/** A user or password as it is meant. @param option Where its address was given. @throws ConfigurationError that does not show it. */
export function decodeCredential(text: string, option: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigurationError(`${option}: its user or password is not encoded as in addresses: % is written %25`);
  }
}
