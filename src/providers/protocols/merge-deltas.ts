import { isJsonObject, member } from "../../json/json-value.ts";

/** A JSON object that grows. */
export type Growing = Record<string, unknown>;

/** Texts that are said, not continued. */
const names: ReadonlySet<string> = new Set(["role", "id", "type", "name", "format", "signature", "object", "model"]);

/**
 * Adds a piece of an object to what there is of it: texts go on, but names replace; lists grow, and items find their like; objects are
 * merged. A null says nothing that is not known. Unknown members follow the same rules. Nothing but names and numbers is ever replaced.
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
  if (value === undefined || value === null) return known === undefined ? value : known;
  if (isNothing(known)) return isList(value) ? mergeItems([], value, key) : value;
  if (value === "") return known;
  if (typeof known === "string" && typeof value === "string") return names.has(key) ? value : known + value;
  if (isJsonObject(known) && isJsonObject(value)) {
    mergeDelta(known, value);
    return known;
  }
  if (typeof known !== "object" && typeof value !== "object") return value;
  const parts = asParts(known);
  const last = parts.at(-1);
  const isContinued =
    typeof value === "string" && isJsonObject(last) && last["type"] === "text" && typeof last["text"] === "string";
  if (!isContinued) return mergeItems(parts, asParts(value), key);
  mergeDelta(last, { text: value });
  return parts;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** Some servers write a content now as a text, now as a list of parts. */
function asParts(value: unknown): unknown[] {
  if (isList(value)) return value;
  return [typeof value === "string" ? { type: "text", text: value } : value];
}

function mergeItems(whole: unknown[], items: readonly unknown[], key: string): unknown[] {
  const known = itemsOf(whole);
  for (const item of items) {
    const same = key === "tool_calls" ? findCall(known, item) : findIndexed(known, item);
    if (same === undefined) whole.push(item);
    else mergeDelta(same, item);
    known.last = same ?? item;
    note(known, item, known.last);
  }
  return whole;
}

/** Where the items of a list are found again: a search for each of 300,000 tool calls would take minutes. */
interface KnownItems {
  readonly byIndex: Map<unknown, Growing>;
  readonly byId: Map<unknown, Growing>;
  last: unknown;
}

const knownItems = new WeakMap<readonly unknown[], KnownItems>();

function itemsOf(list: readonly unknown[]): KnownItems {
  let known = knownItems.get(list);
  if (known === undefined) {
    knownItems.set(list, (known = { byIndex: new Map(), byId: new Map(), last: list.at(-1) }));
    for (const item of list) note(known, item, item);
  }
  return known;
}

/** @param whole The item that `piece` is a part of. */
function note({ byIndex, byId }: KnownItems, piece: unknown, whole: unknown): void {
  if (!isJsonObject(piece) || !isJsonObject(whole)) return;
  if (typeof piece["index"] === "number") byIndex.set(piece["index"], whole);
  if (!isNothing(piece["id"])) byId.set(piece["id"], whole);
}

/** The last item with the same `index`, unless it is of another type. */
function findIndexed({ byIndex }: KnownItems, item: unknown): Growing | undefined {
  const same = byIndex.get(member(item, "index"));
  return same !== undefined && differ(same["type"], member(item, "type")) ? undefined : same;
}

/**
 * The tool call that a piece continues. Servers leave `index` out, count it wrongly, or give every call the index 0: where the index does not
 * fit the id, the id decides. A new id with a name begins another call, and so does another name; what has neither continues the last.
 */
function findCall({ byIndex, byId, last }: KnownItems, piece: unknown): Growing | undefined {
  const [index, id, name] = [member(piece, "index"), member(piece, "id"), nameOf(piece)];
  const indexed = byIndex.get(index);
  const nameless = isNothing(name) ? (indexed ?? (isNothing(id) ? last : undefined)) : undefined;
  const same = indexed === undefined || differ(indexed["id"], id) ? (byId.get(id) ?? nameless) : indexed;
  return isJsonObject(piece) && isJsonObject(same) && !differ(nameOf(same), name) ? same : undefined;
}

function nameOf(call: unknown): unknown {
  return member(member(call, "function"), "name");
}

function differ(one: unknown, other: unknown): boolean {
  return !isNothing(one) && !isNothing(other) && one !== other;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
