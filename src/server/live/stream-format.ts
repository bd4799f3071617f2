import { objectMembers } from "../../json/json-text.ts";
import { isJsonObject, member } from "../../json/json-value.ts";
import type { ReceivedEvent } from "../../providers/providers.ts";
import { type ApiError, errorBody } from "../http/api-error.ts";

/** What a line of an event begins with; U+2028 is no line break there. */
const lineBreak = /\r\n|\n|\r/;

/** One event as text. Events have no `id:` and no `retry:`: openai-python breaks on them. */
export function eventText(name: string, data: string): string {
  const lines = data.includes("\n") || data.includes("\r") ? data.split(lineBreak) : [data];
  return `${name === "" ? "" : `event: ${name}\n`}${lines.map((line) => `data: ${line}\n`).join("")}\n`;
}

/** Sent to clients that wait: a comment, but for Messages, whose clients know `ping`. */
export function keepAliveText(path: string): string {
  return path === "/v1/messages" ? eventText("ping", '{"type":"ping"}') : ": keep-alive\n";
}

/** Ends a whole stream, where its API has such an event. */
export function endText(path: string): string {
  return path === "/v1/chat/completions" || path === "/v1/completions" ? eventText("", "[DONE]") : "";
}

/**
 * Says that the rest does not come; then the connection is destroyed, because clients take a clean end for a whole answer. Clients of
 * Responses differ: some believe `response.failed` only, some `error` only, with its members twice.
 */
export function failureText(path: string, error: ApiError, requestId: string): string {
  if (path === "/v1/messages") return eventText("error", errorBody(error, "anthropic", requestId));
  if (path !== "/v1/responses") return eventText("", errorBody(error, "openai", requestId));
  const { code, message, param = null } = error;
  const failed = { id: requestId, object: "response", status: "failed", error: { code, message }, output: [] };
  const flat = { type: "error", sequence_number: 0, code, message, param, error: { type: error.type, code, message, param } };
  return (
    eventText("response.failed", JSON.stringify({ type: "response.failed", sequence_number: 0, response: failed })) +
    eventText("error", JSON.stringify(flat))
  );
}

/** An event without the members that say that usage will follow. */
export function withoutUsageMembers(text: string): string {
  if (!text.includes('"usage"')) return text;
  const members = objectMembers(text);
  const others = members.filter(({ key, valueStart, end }) => key !== "usage" || text.slice(valueStart, end) !== "null");
  return others.length === members.length ? text : `{${others.map(({ start, end }) => text.slice(start, end)).join(",")}}`;
}

/** Whether an event tells the usage and nothing else. */
export function isUsageOnly({ data }: ReceivedEvent): boolean {
  const choices = member(data, "choices");
  return Array.isArray(choices) && choices.length === 0 && isJsonObject(member(data, "usage"));
}
