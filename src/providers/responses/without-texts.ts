import { isJsonObject } from "../../json/json-value.ts";

/** Members of an event that hold pieces of an answer. */
const pieces: ReadonlySet<string> = new Set(
  "content text delta refusal reasoning reasoning_content thinking arguments partial_json input code".split(" "),
);
/** Lists that grow with the text. */
const lists: ReadonlySet<string> = new Set(["logprobs", "token_ids"]);

/** The data of an event without what grows: why it ended, and what it took, stay. */
export function withoutTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTexts);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutText(key, one)]));
}

function withoutText(key: string, value: unknown): unknown {
  if (lists.has(key)) return null;
  return typeof value === "string" && pieces.has(key) ? "" : withoutTexts(value);
}
