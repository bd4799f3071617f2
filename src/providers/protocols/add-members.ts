import { objectMembers, prependMembers } from "../../json/json-text.ts";

/**
 * Adds to a body what it does not say itself. All that it says stays byte for byte.
 *
 * @param body JSON text of an object.
 * @param decisive A body with this member has decided for itself: it is returned as it is.
 * @param members JSON texts by key.
 */
export function addMembers(body: string, decisive: string, members: ReadonlyMap<string, string>): string {
  const own = body.includes(`"${decisive}`) ? objectMembers(body).map(({ key }) => key) : [];
  if (own.includes(decisive)) return body;
  const missing = [...members].filter(([key]) => !own.includes(key));
  return prependMembers(body, missing.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(","));
}
