import { existsSync } from "node:fs";
import { ConfigurationError } from "../model/errors.ts";
import { closestTo } from "../model/closest.ts";
import { Configuration } from "./secrets/configuration.ts";
import type { Environment } from "./environment.ts";
import { expandAll } from "./secrets/expand-variables.ts";
import { environmentVariableOf, flagOf, optionTable } from "./option-table.ts";
import { readLlmsJson, type TranslatedConfiguration } from "./llms-json.ts";
import { innerKeys } from "./provider-config.ts";
import { readReferenceShape, unusedKeys } from "./reference-shape.ts";
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
 * @param config What was read of the file, or the file that `--config` names. @default `llmbatch.config.json`, if it exists
 * @param onWarning Receives a message for each key of the file that has no effect. @default messages are dropped
 * @throws ConfigurationError naming the flag, variable or file, what was given and what is expected.
 */
export function loadOptions(
  flags: Readonly<Record<string, unknown>>,
  config: string | Configuration | undefined,
  environment: Environment,
  onWarning: (message: string) => void = () => undefined,
): Options {
  const given: Given = {
    ...fromConfiguration(readConfiguration(config), environment, onWarning),
    ...fromEnvironment(environment),
    ...fromFlags(flags),
  };
  const values = Object.fromEntries(Object.entries(given).map(([key, { value }]) => [key, value]));
  const parsed = parseOptions(values);
  if ("options" in parsed) return checkTogether(parsed.options, given);
  throw new ConfigurationError(parsed.issues.map((issue) => describe(issue, given)).join("\n"));
}

/** @throws ConfigurationError for options that are of no use without others, or beside them. */
function checkTogether(options: Options, given: Given): Options {
  if (options.with_worker && options.queue === undefined)
    throw new ConfigurationError(`${given["with_worker"]?.origin ?? "--with-worker"} works for a --queue, and none is given`);
  if (options.shard !== undefined && options.queue !== undefined)
    throw new ConfigurationError(
      `${given["shard"]?.origin ?? "--shard"} and ${given["queue"]?.origin ?? "--queue"} are two ways to share a file: a shard knows nothing of other machines, a queue hands each line to one of them; give one`,
    );
  if (!options.repair || options.validate_output) return options;
  throw new ConfigurationError(
    `${given["repair"]?.origin ?? "--repair"} tells the model what --validate-output finds, and that is off: give it, too`,
  );
}

/** @returns undefined where no file is named and there is none. @throws ConfigurationError when it cannot be read. */
export function readConfiguration(config: string | Configuration | undefined): Configuration | undefined {
  if (config instanceof Configuration) return config;
  return config === undefined && !existsSync(defaultConfigFile) ? undefined : Configuration.fromFile(config ?? defaultConfigFile);
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

function fromConfiguration(
  configuration: Configuration | undefined,
  environment: Environment,
  onWarning: (message: string) => void,
): Given {
  if (configuration === undefined) return {};
  const { source } = configuration;
  const { content, unused } = translate(configuration.reveal());
  for (const warning of unused) onWarning(`${source}: ${warning}`);
  return Object.fromEntries(
    Object.entries(content)
      .filter(([key]) => key !== "$schema")
      .map(([key, written]) => {
        const origin = `${source}: "${key}"`;
        // Tokens may be missing until a server needs them.
        const value = key === "clients" ? written : expandAll(written, environment, origin);
        return [key, { value, written, origin }];
      }),
  );
}

/** Files of other systems, in our shape. */
function translate(content: object): TranslatedConfiguration {
  const { content: ofLlms = content, unused = [] } = readLlmsJson(content) ?? {};
  const none = unused.length === 0 ? [] : [`without effect: ${unused.join(", ")}`];
  return { content: readReferenceShape(ofLlms), unused: [...none, ...unusedKeys(content)] };
}

function describe({ key, path, expected }: OptionIssue, given: Given): string {
  const { value, written = value, origin = expected === undefined ? key : flagOf(key) } = given[key] ?? {};
  const where = `${origin}${path}`;
  if (expected === undefined) return `${where}: there is no such option${hintFor(key, path)}`;
  return `${where}: expected ${expected}${shown(key, path, written)}`;
}

function hintFor(key: string, path: string): string {
  const known = path === "" ? [...optionTable.map((row) => row.key), ...Object.keys(innerKeys)] : innerKeys[key];
  const closest = closestTo(path === "" ? key : (path.split(".").at(-1) ?? ""), known ?? []);
  return closest === undefined ? "" : `; did you mean "${closest}"?`;
}

const addresses: ReadonlySet<string> = new Set(["base_url", "cache_path", "queue"]);

/** Headers and addresses may contain credentials, and a nested value of the file may be a key. */
function shown(key: string, path: string, value: unknown): string {
  const mayBeSecret = path !== "" || key === "header" || (addresses.has(key) && /[@?#]/.test(String(value)));
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return mayBeSecret ? "" : `, not ${values.map((one) => JSON.stringify(one)).join(", ")}`;
}
