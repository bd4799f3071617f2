import { arrayElements } from "./json-edits.ts";
import { objectMembers } from "./json-text.ts";

/**
 * Takes elements out of an array. Those that stay are as they were, byte for byte.
 *
 * @param text Valid JSON of an array.
 * @param indexes Those that go.
 */
export function removeElements(text: string, indexes: ReadonlySet<number>): string {
  if (indexes.size === 0) return text;
  const elements = arrayElements(text);
  const kept = elements.filter(({ key }) => !indexes.has(key)).map(({ start, end }) => text.slice(start, end));
  return text.slice(0, elements[0]?.start) + kept.join(",") + text.slice(elements.at(-1)?.end);
}

/**
 * Takes members out of an object, also those whose key stands twice. What stays is as it was, byte for byte, with the white space before it.
 *
 * @param text Valid JSON of an object.
 * @param keys Of those that go.
 */
export function removeMembers(text: string, keys: ReadonlySet<string>): string {
  const members = objectMembers(text);
  const kept: string[] = [];
  let previousEnd = members[0]?.start ?? 0;
  for (const { key, start, end } of members) {
    if (!keys.has(key)) kept.push(text.slice(kept.length === 0 ? start : previousEnd, end));
    previousEnd = end;
  }
  if (kept.length === members.length) return text;
  return text.slice(0, members[0]?.start) + kept.join("") + text.slice(members.at(-1)?.end);
}
