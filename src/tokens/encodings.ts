/** A vocabulary of OpenAI's, by its name at `gpt-tokenizer`. */
export type EncodingName = "o200k_base" | "cl100k_base";

/** The first whose beginning a name has. o200k_harmony, of gpt-oss, has the words of o200k_base. */
const encodings: readonly (readonly [start: RegExp, encoding: EncodingName])[] = [
  [/^(?:chatgpt-4o|gpt-4o|gpt-4\.|gpt-[5-9]|gpt-oss|o\d|codex|computer-use)/, "o200k_base"],
  [/^(?:gpt-4|gpt-3\.5|gpt-35|text-embedding-)/, "cl100k_base"],
];

/** @param model May have a provider before it, `openai/gpt-4o`, and what it was tuned for behind it, `ft:gpt-4o:acme`. */
export function encodingOf(model: string): EncodingName | undefined {
  const name = model.slice(model.lastIndexOf("/") + 1).replace(/^ft:/, "");
  return encodings.find(([start]) => start.test(name))?.[1];
}
