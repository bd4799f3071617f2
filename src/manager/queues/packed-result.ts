import type { BatchResult } from "../../model/result.ts";
import { failedResult, succeededResult } from "../results.ts";

/** A result as one text: JSON, and behind a line break the answer's body, which would be escaped and parsed again as a part of the JSON. */
export function packResult(result: BatchResult): string {
  if (result.response === undefined) return JSON.stringify(result);
  const { body, ...response } = result.response;
  return `${JSON.stringify({ ...result, response })}\n${body}`;
}

/** The result that `packResult` made `text` of. */
export function unpackResult(text: string): BatchResult {
  const bodyAt = text.indexOf("\n") + 1; // JSON.stringify writes no line break
  const facts = JSON.parse(bodyAt === 0 ? text : text.slice(0, bodyAt));
  if (bodyAt > 0) facts.response.body = text.slice(bodyAt);
  const kind = facts.path === undefined ? "invalid-line" : "request";
  const line = { ...facts, request: { ...facts, kind } };
  return facts.status === "succeeded"
    ? succeededResult(line, facts.response, facts.source, facts.attempts)
    : failedResult(line, facts, facts.attempts);
}
