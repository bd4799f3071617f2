import { type JsonMember, objectMembers, skipSpace, stringEnd } from "./json-text.ts";

/** A change of one value deep inside JSON text. */
export interface JsonEdit {
  /** The path to the value: member names and indexes of arrays, from the outside in; at least one. */
  readonly keys: readonly (string | number)[];
  /** Whether the text replaces the value alone, or the whole member, key and all. */
  readonly replaces: "value" | "member";
  /** JSON, into which further members may run on: `"…","format":"wav"`. */
  readonly text: string;
}

/**
 * Replaces values. The text around them, white space too, stays byte for byte. Of duplicate keys the last is meant, as `JSON.parse`
 * reads it. Reads the text once for each level of depth.
 *
 * @param text Valid JSON of an object or an array.
 * @param edits None inside another; those whose path does not exist change nothing.
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  const pieces: string[] = [];
  addPieces(text, edits, 0, pieces);
  return pieces.join(""); // in one go, because what goes in may be megabytes
}

/** A member of an object, or an element of an array. */
interface Child extends Omit<JsonMember, "key"> {
  readonly key: string | number;
}

/** An element of an array, as indexes in its text. Its key is its index. */
export interface JsonElement extends Omit<JsonMember, "key"> {
  readonly key: number;
}

function addPieces(text: string, edits: readonly JsonEdit[], depth: number, pieces: string[]): void {
  const editsByKey = groupByKey(edits, depth);
  let from = 0;
  for (const child of lastOfEach(childrenOf(text), editsByKey)) {
    const { key, start, valueStart, end } = child;
    const inside = editsByKey.get(key) ?? [];
    const edit = inside.find(({ keys }) => keys.length === depth + 1);
    pieces.push(text.slice(from, edit?.replaces === "member" ? start : valueStart));
    if (edit === undefined) addPieces(text.slice(valueStart, end), inside, depth + 1, pieces);
    else pieces.push(edit.text);
    from = end;
  }
  pieces.push(text.slice(from));
}

function groupByKey(edits: readonly JsonEdit[], depth: number): Map<string | number, JsonEdit[]> {
  const groups = new Map<string | number, JsonEdit[]>();
  for (const edit of edits) {
    const key = edit.keys[depth];
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [edit]);
    else group.push(edit);
  }
  return groups;
}

function lastOfEach(children: readonly Child[], wanted: ReadonlyMap<string | number, unknown>): Child[] {
  const last = new Map<string | number, Child>();
  for (const child of children) if (wanted.has(child.key)) last.set(child.key, child);
  return [...last.values()].toSorted((a, b) => a.start - b.start);
}

/** None for what is neither an object nor an array. */
function childrenOf(text: string): readonly Child[] {
  const first = text[skipSpace(text, 0)];
  if (first === "{") return objectMembers(text);
  return first === "[" ? arrayElements(text) : [];
}

const quote = 0x22;
const comma = 0x2c;
const openBrackets: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closeBrackets: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** The elements of the array that `text` is, with the white space around each; of an empty one, that white space alone. */
export function arrayElements(text: string): JsonElement[] {
  const elements: JsonElement[] = [];
  let start = skipSpace(text, 0) + 1;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = stringEnd(text, at) - 1;
    else if (openBrackets.has(code)) depth += 1;
    else if (depth > 0 && closeBrackets.has(code)) depth -= 1;
    else if (depth === 0 && (code === comma || closeBrackets.has(code))) {
      elements.push({ key: elements.length, start, valueStart: start, end: at });
      if (code !== comma) break;
      start = at + 1;
    }
  }
  return elements;
}
