import { nestingDepth } from "../json/json-text.ts";
import { explainJsonError } from "../json/explain-json-error.ts";
import { Problem } from "./problem.ts";

/** Deepest nesting of a line. It keeps code that recurses (canonical JSON, a provider's parser) safe. */
export const maxDepth = 1000;

export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a line. @returns a `Problem` that says what is wrong and where, if it is no JSON or nested too deeply. */
export function readJson(text: string): unknown {
  // A level takes two characters, so most lines are too short to be too deep. Checked first: parsing millions of levels takes gigabytes.
  if (text.length > 2 * maxDepth && nestingDepth(text) > maxDepth) {
    return new Problem(`nested deeper than ${maxDepth.toLocaleString("en")} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return new Problem(`not JSON: ${explainJsonError(text) ?? "cannot be parsed"}`);
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
