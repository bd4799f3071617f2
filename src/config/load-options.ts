import { existsSync, readFileSync } from "node:fs";
import { isJsonObject } from "../json/json-value.ts";
import { ConfigurationError, messageOf } from "../model/errors.ts";
import { closestTo } from "../model/closest.ts";
import type { Environment } from "./environment.ts";
import { expandAll } from "./expand-variables.ts";
import { environmentVariableOf, flagOf, optionTable } from "./option-table.ts";
import { readReferenceShape } from "./reference-shape.ts";
import { type OptionIssue, type Options, parseOptions } from "./options.ts";

const defaultConfigFile = "llmbatch.config.json";

/** Values as given, each with its origin in words: the flag, the variable or the file's key. */
type Given = Record<string, GivenValue>;

interface GivenValue {
  readonly value: unknown;
  readonly origin: string;
  /** As the file has it: what its variables hold may be a secret. @default `value` */
  readonly written?: unknown;
}

/**
 * Merges the options of a run: flags win over environment variables, those over the configuration file, that over the defaults.
 *
 * @param flags By option key: a string, a list of strings for repeatable options, true for switches.
 * @param configFile The file named by `--config`. @default `llmbatch.config.json`, if it exists
 * @throws ConfigurationError naming the flag, variable or file, what was given and what is expected.
 */
export function loadOptions(
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  environment: Environment,
): Options {
  const given: Given = { ...readConfigFile(configFile, environment), ...fromEnvironment(environment), ...fromFlags(flags) };
  const values = Object.fromEntries(Object.entries(given).map(([key, { value }]) => [key, value]));
  const parsed = parseOptions(values);
  if ("options" in parsed) return parsed.options;
  throw new ConfigurationError(parsed.issues.map((issue) => describe(issue, given)).join("\n"));
}

function fromFlags(flags: Readonly<Record<string, unknown>>): Given {
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, { value, origin: flagOf(key) }]),
  );
}

function fromEnvironment(environment: Environment): Given {
  const given: Given = {};
  for (const { key } of optionTable) {
    const origin = environmentVariableOf(key);
    const value = environment[origin];
    if (value !== undefined && value !== "") given[key] = { value, origin };
  }
  return given;
}

function readConfigFile(path: string | undefined, environment: Environment): Given {
  if (path === undefined && !existsSync(defaultConfigFile)) return {};
  const file = path ?? defaultConfigFile;
  const content = parseConfig(file);
  if (!isJsonObject(content))
    throw new ConfigurationError(`${file}: expected an object such as {"provider": "openai", "rpm": 600}`);
  return Object.fromEntries(
    Object.entries(readReferenceShape(content))
      .filter(([key]) => key !== "$schema")
      .map(([key, written]) => {
        const origin = `${file}: "${key}"`;
        return [key, { value: expandAll(written, environment, origin), written, origin }];
      }),
  );
}

function parseConfig(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const reason = error instanceof SyntaxError ? whereBroken(error) : messageOf(error);
    throw new ConfigurationError(`the configuration file ${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** Drops the text around the error, which V8 quotes: it may contain a key. */
function whereBroken({ message }: SyntaxError): string {
  return `it is not JSON: ${message.replace(/, (?:\.\.\.)?".*/s, "")}`;
}

function describe({ key, path, expected }: OptionIssue, given: Given): string {
  const { value, written = value, origin = expected === undefined ? key : flagOf(key) } = given[key] ?? {};
  const where = `${origin}${path}`;
  if (expected === undefined) return `${where}: there is no such option${path === "" ? hintFor(key) : ""}`;
  return `${where}: expected ${expected}${shown(key, path, written)}`;
}

function hintFor(key: string): string {
  const closest = closestTo(key, [...optionTable.map((row) => row.key), "providers", "routes", "prices"]);
  return closest === undefined ? "" : `; did you mean "${closest}"?`;
}

/** Headers and addresses may contain credentials, and a nested value of the file may be a key. */
function shown(key: string, path: string, value: unknown): string {
  const mayBeSecret = path !== "" || key === "header" || (key === "base_url" && /[@?#]/.test(String(value)));
  return mayBeSecret ? "" : `, not ${JSON.stringify(value)}`;
}
