import { editJson } from "../../json/json-edits.ts";
import { isJsonObject, items, member, parseJson } from "../../json/json-value.ts";

/**
 * Encodes vectors for a client that asked for base64, where the provider sent numbers: OpenAI's clients would read those as a vector of
 * zeros, a quarter as long, without an error.
 *
 * @param body Of the answer, JSON text. Most providers encode by themselves: it is parsed only where one did not.
 */
export function encodedVectors(body: string): string {
  if (!/"embedding"\s*:\s*\[/.test(body)) return body;
  const data = items(member(parseJson(body), "data"));
  const edits = data.flatMap((item, index) => {
    const vector = isJsonObject(item) ? item["embedding"] : undefined;
    if (!Array.isArray(vector)) return [];
    const bytes = Buffer.from(Float32Array.from(vector, Number).buffer); // little-endian wherever Node runs
    return [{ keys: ["data", index, "embedding"], replaces: "value", text: `"${bytes.toString("base64")}"` } as const];
  });
  return edits.length === 0 ? body : editJson(body, edits);
}
