import { type JsonMember, skipSpace } from "../json/json-text.ts";

/**
 * Removes or replaces members in an object's text. The other members keep their bytes, white space included.
 *
 * @param text JSON of an object.
 * @param members Those of `text`.
 * @param rewrite The text that replaces the member `key`; undefined keeps the member, "" removes it.
 */
export function rewriteMembers(
  text: string,
  members: readonly JsonMember[],
  rewrite: (key: string) => string | undefined,
): string {
  const kept: string[] = [];
  let slotStart = skipSpace(text, 0) + 1;
  for (const { key, end } of members) {
    const slotEnd = skipSpace(text, end); // at the comma or the closing brace
    const rewritten = rewrite(key);
    if (rewritten === undefined) kept.push(text.slice(slotStart, slotEnd));
    else if (rewritten !== "") kept.push(rewritten);
    slotStart = slotEnd + 1;
  }
  return `{${kept.join(",")}}`;
}
