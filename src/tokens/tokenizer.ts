import { createRequire } from "node:module";
import type { EncodingName } from "./encodings.ts";
import { textRuns } from "./text-runs.ts";
import { weighText } from "./weigh-text.ts";

export const installTokenizer = "npm install gpt-tokenizer";

const load = createRequire(import.meta.url);
const loaded = new Map<EncodingName, Encoding>();

/** Whether `gpt-tokenizer`, an optional dependency, is installed. */
export function hasTokenizer(): boolean {
  try {
    load.resolve("gpt-tokenizer/functionCalling");
    return true;
  } catch {
    return false;
  }
}

/** `<|endoftext|>` in the text of a user is text. */
const asText = { disallowedSpecial: new Set<string>() };

/**
 * Counts a text's tokens. A vocabulary is loaded when it is first needed, which takes 0.15 s and 60 to 90 MB.
 *
 * @throws Error that says what to type when `gpt-tokenizer` is not installed.
 */
export function countText(text: string, name: EncodingName): number {
  const encoding = encodingOfName(name);
  let tokens = 0;
  for (const { from, to, isLong } of textRuns(text))
    tokens += isLong ? weighText(text, from, to, false) : encoding.countTokens(text.slice(from, to), asText);
  return tokens;
}

/** What the definitions of functions count as, in the form that OpenAI's models are shown. */
export function countFunctions(functions: readonly FunctionDefinition[], name: EncodingName): number {
  return loadFunctionCalling().estimateTokensInFunctions([...functions], (text) => countText(text, name));
}

function encodingOfName(name: EncodingName): Encoding {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  if (!hasTokenizer()) throw new Error(`tokens are counted by gpt-tokenizer, which is not installed: ${installTokenizer}`);
  const encoding = loadEncoding(name);
  loaded.set(name, encoding);
  return encoding;
}

type Encoding = typeof import("gpt-tokenizer/encoding/o200k_base");
type FunctionCalling = typeof import("gpt-tokenizer/functionCalling");
export type FunctionDefinition = Parameters<FunctionCalling["estimateTokensInFunctions"]>[0][number];

function loadEncoding(name: EncodingName): Encoding {
  return load(`gpt-tokenizer/encoding/${name}`);
}

function loadFunctionCalling(): FunctionCalling {
  return load("gpt-tokenizer/functionCalling");
}
