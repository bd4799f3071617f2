import { nestingDepth } from "../json/json-text.ts";
import { explainJsonError, type JsonText } from "../json/explain-json-error.ts";
import { Problem } from "./problem.ts";

/** Maximum nesting of a line: code that recurses over it (canonical JSON, a provider's parser) must not overflow the stack. */
const maxDepth = 1000;

/** Parses a line, or a body. @returns a `Problem` that says what is wrong and at which column, if it is not JSON or nested too deeply. */
export function readJson(text: string, what: JsonText = "line"): unknown {
  // Before parsing, because millions of levels take gigabytes. A level takes two characters, so short lines need no check.
  if (text.length > 2 * maxDepth && nestingDepth(text) > maxDepth) {
    return new Problem(`nested deeper than ${maxDepth.toLocaleString("en")} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    if (what === "line" && text.endsWith("\0\0"))
      return new Problem(
        "ends in NUL bytes, as files do after a crash: `tr -d '\\0'` takes them out, and then see what is missing",
      );
    return new Problem(`not JSON: ${explainJsonError(text, what) ?? "cannot be parsed"}`);
  }
}
