import { editJson } from "../json/json-edits.ts";
import { lastValueText, skipSpace } from "../json/json-text.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Finding } from "./finding.ts";
import { writeTurns } from "./repair-turns.ts";

/** The member that holds the turns of a request. */
const turnsMembers: ReadonlyMap<string, string> = new Map([
  ["/v1/chat/completions", "messages"],
  ["/v1/messages", "messages"],
  ["/v1/responses", "input"],
]);

/** The request with the answer's turn behind its own, and one that says what was wrong. @returns undefined for an API without turns. */
export function repairedRequest(request: BatchRequest, { failure, choice, call }: Finding): BatchRequest | undefined {
  const { path, body } = request;
  const member = turnsMembers.get(path);
  const turns = member === undefined ? undefined : lastValueText(body, member);
  if (member === undefined || turns === undefined || choice === undefined) return undefined;
  const list = asList(turns);
  if (list === undefined) return undefined;
  const added = writeTurns(path, choice, call, failure.message).map((turn) => JSON.stringify(turn));
  const text = append(list, added.join(","));
  return { ...request, body: editJson(body, [{ keys: [member], replaces: "value", text }]) };
}

/** The `input` of Responses may be a text. */
function asList(turns: string): string | undefined {
  const first = turns[skipSpace(turns, 0)];
  if (first === "[") return turns.trimEnd();
  return first === '"' ? `[{"role":"user","content":${turns.trim()}}]` : undefined;
}

function append(list: string, items: string): string {
  const inside = list.slice(0, -1);
  const isEmpty = inside.trim() === "[";
  return `${inside}${isEmpty ? "" : ","}${items}]`;
}
