import { skipSpace } from "../json/json-text.ts";
import type { JsonMember } from "../json/json-text.ts";

/**
 * Takes members out of an object's text, or puts others in their place. All that stays, white space too, stays byte for byte.
 *
 * @param text JSON of an object.
 * @param members Those of `text`.
 * @param rewrite The text to stand in the place of the member `key`; undefined keeps it as it is, "" takes it out.
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
