import { type MemberTexts, objectMembers, prependMembers } from "../../json/json-text.ts";
import type { BatchRequest } from "../../model/request.ts";

/** @returns the request with those members that its body does not have. */
export function withDefaults(request: BatchRequest, defaults: MemberTexts | undefined): BatchRequest {
  const missing = missingMembers(request, defaults);
  return missing === "" ? request : { ...request, body: prependMembers(request.body, missing) };
}

/** The JSON text of those members that a request's body does not have; empty if it has all. */
export function missingMembers({ body }: BatchRequest, defaults: MemberTexts | undefined): string {
  // A request that is only checked has no body.
  if (defaults === undefined || defaults.size === 0 || body === "") return "";
  const own = new Set(objectMembers(body).map(({ key }) => key));
  const missing = [...defaults].filter(([key]) => !own.has(key));
  return missing.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",");
}
