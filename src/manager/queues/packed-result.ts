import type { BatchResult } from "../../model/result.ts";

/** A result as one text: JSON, and behind a line break the answer's body, which would be escaped and parsed again as a part of the JSON. */
export function packResult(result: BatchResult): string {
  if (result.response === undefined) return JSON.stringify(result);
  const { body, ...response } = result.response;
  return `${JSON.stringify({ ...result, response })}\n${body}`;
}

/** The result that `packResult` made `text` of. */
export function unpackResult(text: string): BatchResult {
  const bodyAt = text.indexOf("\n") + 1; // JSON.stringify writes no line break
  if (bodyAt === 0) return JSON.parse(text);
  const result = JSON.parse(text.slice(0, bodyAt));
  result.response.body = text.slice(bodyAt);
  return result;
}
