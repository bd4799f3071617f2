import { explainJsonError, firstValueEnd } from "../json/explain-json-error.ts";
import { nestingDepth } from "../json/json-text.ts";

/** Deeper texts are not explained, because the explanation recurses. */
const maxExplainedDepth = 500;

/** The value of a text that is to be JSON and nothing else; or, in words that quote next to nothing of it, why it is none. */
export function readJsonAnswer(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return { problem: explain(text) };
  }
}

/** What models are known to do comes first. */
function explain(text: string): string {
  const start = text.trimStart();
  if (start.startsWith("```")) return "it stands in a code fence (```), and only the JSON itself is an answer";
  if (/^<(think|thinking|reasoning)>/i.test(start)) return "it begins with the model's reasoning, in tags";
  if (nestingDepth(text) > maxExplainedDepth) return "it is nested too deeply, or broken";
  const end = firstValueEnd(text);
  if (end === Infinity && /^[[{"]/.test(start)) return "it breaks off before its end";
  if (end !== undefined && end < text.length) return `more text follows its end at column ${end + 1}`;
  return explainJsonError(text) ?? "it is broken";
}
