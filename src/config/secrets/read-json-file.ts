import { readFileSync } from "node:fs";
import { ConfigurationError, messageOf } from "../../model/errors.ts";
import { asConfigurationError } from "../../model/system-error.ts";

/**
 * Reads a JSON file that the user wrote.
 *
 * @param what It is, for messages: `--prices`.
 * @throws ConfigurationError when it cannot be read, or is not JSON, naming the line.
 */
export function readJsonFile(what: string, file: string): unknown {
  const text = readText(what, file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`${what}: ${file}:${whereBroken(text, messageOf(error))}`, { cause: error });
  }
}

function readText(what: string, file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw asConfigurationError(`${what}: cannot read ${file}`, error);
  }
}

/** Drops the text around the error, which V8 quotes: it may contain a key. */
function whereBroken(text: string, message: string): string {
  const position = /at position (\d+)/.exec(message)?.[1] ?? text.length;
  const before = text.slice(0, Number(position)).split("\n");
  const what = message.replace(/(?:, (?:\.\.\.)?".*| (?:in JSON )?at position .*)/s, "");
  return `${before.length}: it is not JSON: ${what} at column ${(before.at(-1) ?? "").length + 1}`;
}
