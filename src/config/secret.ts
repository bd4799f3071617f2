import { ConfigurationError } from "../model/errors.ts";
import type { Environment } from "./environment.ts";

const masked = "[secret]";

/** A key of a configuration file, or the environment variable that holds it. Printed or serialised it shows neither. */
export class Secret {
  readonly #text: string;

  /** @param text `$OPENAI_KEY_1` or `env:OPENAI_KEY_1` for a variable; any other text is the key itself. */
  constructor(text: string) {
    this.#text = text;
  }

  /** @throws ConfigurationError when its variable is not set. */
  reveal(environment: Environment): string {
    const [, variable] = /^(?:\$|env:)([A-Za-z_]\w*)$/.exec(this.#text) ?? [];
    if (variable === undefined) return this.#text;
    const value = environment[variable]?.trim();
    if (value === undefined || value === "")
      throw new ConfigurationError(`no API key: the environment variable ${variable} is not set`);
    return value;
  }

  toString(): string {
    return masked;
  }

  toJSON(): string {
    return masked;
  }
}
