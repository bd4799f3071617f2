import type { Environment } from "../environment.ts";
import { expandVariables } from "./expand-variables.ts";
import { masked } from "../../text/mask-addresses.ts";

/** A key of a configuration file, or the environment variable that holds it. Printed or serialised it shows neither. */
export class Secret {
  readonly #text: string;

  /** @param text `$OPENAI_KEY_1`, `${OPENAI_KEY_1}` or `env:OPENAI_KEY_1` for a variable; any other text is the key itself. */
  constructor(text: string) {
    this.#text = text;
  }

  /** @param what For the message. @throws ConfigurationError when its variable is not set. */
  reveal(environment: Environment, what: string = "no API key"): string {
    return expandVariables(this.#expandable, environment, what);
  }

  /** The variable that holds it; undefined for a key that was written out. */
  get variable(): string | undefined {
    return /^\$\{(\w+)\}$/.exec(this.#expandable)?.[1];
  }

  get #expandable(): string {
    return this.#text.replace(/^(?:\$|env:)([A-Za-z_]\w*)$/, "${$1}");
  }

  toString(): string {
    return masked;
  }

  toJSON(): string {
    return masked;
  }
}
