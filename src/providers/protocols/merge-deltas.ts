import { isJsonObject, member } from "../../json/json-value.ts";

/** A JSON object that grows. */
export type Growing = Record<string, unknown>;

/** Texts that are said, not continued. */
const names: ReadonlySet<string> = new Set(["role", "id", "type", "name", "format", "signature", "object", "model"]);

/**
 * Adds a piece of an object to what there is of it: texts go on, but names replace; lists grow, and items with an `index` find their
 * like; objects are merged. A null says nothing that is not known. Unknown members follow the same rules.
 */
export function mergeDelta(whole: Growing, delta: unknown): void {
  if (!isJsonObject(delta)) return;
  for (const [key, value] of Object.entries(delta)) {
    if (key === "__proto__") continue;
    const known = Object.hasOwn(whole, key) ? whole[key] : undefined;
    whole[key] = merged(known, value, key);
  }
}

/** Takes over the members of `delta` that say something. */
export function replaceMembers(whole: Growing, delta: unknown, except: readonly string[] = []): void {
  if (!isJsonObject(delta)) return;
  for (const [key, value] of Object.entries(delta)) {
    if (key === "__proto__" || except.includes(key)) continue;
    if (!Object.hasOwn(whole, key) || (value !== null && value !== "")) whole[key] = value;
  }
}

function merged(known: unknown, value: unknown, key: string): unknown {
  if (known === undefined || known === null) return isList(value) ? mergeItems([], value) : value;
  if (value === undefined || value === null) return known;
  if (typeof known === "string" && typeof value === "string") return names.has(key) ? value || known : known + value;
  if (isList(known) && isList(value)) return mergeItems(known, value);
  if (isJsonObject(known) && isJsonObject(value)) mergeDelta(known, value);
  return isJsonObject(known) && isJsonObject(value) ? known : value;
}

function mergeItems(whole: unknown[], items: readonly unknown[]): unknown[] {
  for (const item of items) {
    const known = findSame(whole, item);
    if (known === undefined) whole.push(item);
    else mergeDelta(known, item);
  }
  return whole;
}

/** The last item with the same `index`. Some servers give every tool call the index 0: there a new id with a new name begins another. */
function findSame(whole: readonly unknown[], item: unknown): Growing | undefined {
  if (!isJsonObject(item) || typeof item["index"] !== "number") return undefined;
  const same = whole.filter(isJsonObject).findLast((known) => known["index"] === item["index"]);
  const isAnother = Boolean(item["id"] && same?.["id"] && item["id"] !== same["id"] && member(item["function"], "name"));
  return isAnother ? undefined : same;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
