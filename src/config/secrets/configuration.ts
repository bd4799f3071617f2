import { isJsonObject } from "../../json/json-value.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { listSecrets } from "../../providers/providers.ts";
import { readJsonFile } from "./read-json-file.ts";
import { maskAddresses, masked } from "../../text/mask-addresses.ts";

/** What can stand in the configuration file; `llmbatch.schema.json` describes it whole. */
export interface ConfigurationContent {
  readonly providers?: Readonly<Record<string, object>>;
  readonly routes?: Readonly<Record<string, object>>;
  readonly prices?: Readonly<Record<string, object>>;
  readonly clients?: Readonly<Record<string, object>>;
  readonly [option: string]: unknown;
}

/**
 * A configuration as it was written. Printed or serialised it shows names of variables, and no key; what comes of `JSON.stringify` can be read
 * back where its keys are in variables.
 */
export class Configuration {
  /** For messages: the file. */
  readonly source: string;
  readonly #content: object;

  /** @throws ConfigurationError when it is no object. */
  constructor(content: unknown, source = "config") {
    if (!isJsonObject(content))
      throw new ConfigurationError(`${source}: expected an object such as {"provider": "openai", "rpm": 600}`);
    this.#content = content;
    this.source = source;
  }

  /** @throws ConfigurationError when the file cannot be read, or is not JSON. */
  static fromFile(file: string): Configuration {
    return new Configuration(readJsonFile("configuration", file), file);
  }

  /** With its keys. */
  reveal(): object {
    return this.#content;
  }

  toJSON(): unknown {
    return mask(this.#content, []);
  }
}

/** @param keys Those that lead to the value, without indexes of lists. */
function mask(value: unknown, keys: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, keys));
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, [...keys, key])]));
  return typeof value === "string" ? maskText(value, keys) : value;
}

function maskText(text: string, keys: readonly string[]): string {
  const [parent, key = ""] = keys.slice(-2).length === 2 ? keys.slice(-2) : [undefined, keys[0]];
  if (key === "api_keys" || key === "api_key" || (key === "token" && keys[0] === "clients"))
    return namesVariable(text) ? text : masked;
  if (parent === "headers") return maskHeader(key, text);
  if (key !== "header") return maskAddresses(text);
  const [name = "", ...rest] = text.split(":");
  return `${name}: ${maskHeader(name, rest.join(":").trim())}`;
}

function maskHeader(name: string, value: string): string {
  const isSecret = !/^(?:\w+ )?\$\{\w+\}$/.test(value) && listSecrets(undefined, { [name]: value }).length > 0;
  return isSecret ? masked : value;
}

function namesVariable(text: string): boolean {
  return /^(?:\$|env:)[A-Za-z_]\w*$|^\$\{[A-Za-z_]\w*\}$/.test(text);
}
