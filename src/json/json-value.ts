/** A parsed JSON object; nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns undefined for a text that is no JSON. */
export function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of a JSON object; undefined where `value` is no object or has no such member. */
export function member(value: unknown, key: string): unknown {
  return isJsonObject(value) ? value[key] : undefined;
}

/** The items of a JSON array; none for anything else. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A count of tokens, which some servers write as a text; 0 for whatever cannot be one. */
export function count(value: unknown): number {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && number > 0 && number <= Number.MAX_SAFE_INTEGER ? Math.round(number) : 0;
}
