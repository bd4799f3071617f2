import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../config/duration.ts";
import { flagOf, keyOfName, type OptionKey, type OptionRow, optionTable } from "../config/option-table.ts";

/** Whom to ask, and how: the same for every command that asks until it is stopped. */
export const askingKeys: readonly OptionKey[] = [
  "provider",
  "base_url",
  "allow_http",
  "api_key_env",
  "client_cert",
  "client_key",
  "header",
  "concurrency",
  "adaptive",
  "max_retries",
  "retry_delay",
  "max_retry_delay",
  "max_wait",
  "timeout",
  "idle_timeout",
  "log",
  "prices_file",
];

/** Adds options of the table to a command. @param keys Those that it has. @default all @param hidden Those that its help leaves out. @default none */
export function addOptions(command: Command, keys?: ReadonlySet<OptionKey>, hidden?: ReadonlySet<OptionKey>): void {
  for (const row of optionTable)
    if (keys?.has(row.key) ?? true) command.addOption(optionOf(row).hideHelp(hidden?.has(row.key) ?? false));
  command.option("--config <FILE>", "configuration (default: llmbatch.config.json if there)");
}

function optionOf(row: OptionRow): Option {
  const flags = `${row.short === undefined ? "" : `${row.short}, `}${flagOf(row.key)}${row.value === undefined ? "" : ` <${row.value}>`}`;
  const description = row.default === undefined ? row.description : `${row.description} (default: ${row.default})`;
  const option = new Option(flags, description);
  return row.repeatable ? option.argParser((value, before: string[] | undefined) => [...(before ?? []), value]) : option;
}

/** Commander's `maxRetries` is `max_retries` in the option table, as in files and environment variables. */
export function withTableKeys(flags: Record<string, unknown>): Record<string, unknown> {
  const { config: _, ...rest } = flags;
  const entries = Object.entries(rest).map(([key, value]): [string, unknown] => [
    keyOfName(key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    value,
  ]);
  return Object.fromEntries(entries.filter(([key, value]) => value === false || !negatedKeys.has(key)));
}

/** Commander sets these to true when they are not given. */
const negatedKeys: ReadonlySet<string> = new Set(optionTable.filter(({ negated }) => negated).map(({ key }) => key));

export function configOf(flags: Record<string, unknown>): string | undefined {
  const { config } = flags;
  return typeof config === "string" ? config : undefined;
}

export function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("It is not a number.");
  return value;
}

/** @param bareUnit Of a number without a unit. @returns a parser, which returns milliseconds. */
export function durationReader(bareUnit: "s" | "ms" = "s"): (text: string) => number {
  return (text) => {
    const ms = parseDurationMs(text, bareUnit);
    if (ms !== undefined) return ms;
    const bare = bareUnit === "ms" ? "200 (milliseconds), 200ms and 2s" : "240 (seconds), 240s, 4m and 30d";
    throw new InvalidArgumentError(`It is no length of time: ${bare} are.`);
  };
}

/** A TCP port. */
export function readPort(text: string): number {
  const port = readNumber(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}
