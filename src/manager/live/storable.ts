import { isJsonObject, items, type JsonObject, member, parseJson } from "../../json/json-value.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { ModelResponse } from "../../model/attempt.ts";

/** Members of a request that refer to what the provider keeps, or make it keep something. */
const ofState = ["background", "previous_response_id", "conversation", "container"] as const;

/** Kinds of tools that the client calls itself; others search and compute at the provider, and answer otherwise tomorrow. */
const clientsTools: ReadonlySet<unknown> = new Set([undefined, "function", "custom"]);

/** What can name one of them stands in few requests. To parse all of them takes as long as to look an answer up. */
const mayDepend = /"(?:background|previous_response_id|conversation|container|store|web_search_options|tools)"|\\u/;

/** Whether an answer to this request would be good for another one: all that it depends on stands in it. */
export function isRepeatable({ path, body }: BatchRequest): boolean {
  if (path === countPath) return false;
  if (!mayDepend.test(body)) return true;
  const request = parseJson(body);
  if (!isJsonObject(request)) return false;
  const hasState = ofState.some((name) => request[name] !== undefined && request[name] !== null && request[name] !== false);
  if (hasState || request["store"] === true || request["web_search_options"] !== undefined) return false;
  return items(request["tools"]).every((tool) => clientsTools.has(member(tool, "type")));
}

/** Free, and no answer. */
const countPath = "/v1/messages/count_tokens";

/** What an answer consists of, by the API that it is of. */
const contents = ["choices", "content", "output", "data"] as const;

/** Whether an answer is one, with all its texts: it says something, and no error. */
export function isWholeAnswer({ body, isAbridged = false }: ModelResponse): boolean {
  if (isAbridged) return false;
  const answer = parseJson(body);
  if (!isJsonObject(answer) || (answer["error"] ?? null) !== null) return false;
  return contents.every((name) => !isEmptyList(answer, name));
}

function isEmptyList(answer: JsonObject, name: string): boolean {
  const value = answer[name];
  return Array.isArray(value) && value.length === 0;
}
