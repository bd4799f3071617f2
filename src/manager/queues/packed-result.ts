import type { BatchResult } from "../../model/result.ts";

/** A result as one text: JSON, and behind a line break the answer's body, which would be escaped and parsed again as a part of the JSON. */
export function packResult(result: BatchResult): string {
  if (result.answer === undefined) return JSON.stringify(result);
  const { body, ...answer } = result.answer;
  return `${JSON.stringify({ ...result, answer })}\n${body}`;
}

/** The result that `packResult` made `text` of. */
export function unpackResult(text: string): BatchResult {
  const bodyAt = text.indexOf("\n") + 1; // JSON.stringify writes no line break
  if (bodyAt === 0) return JSON.parse(text);
  const result = JSON.parse(text.slice(0, bodyAt));
  result.answer.body = text.slice(bodyAt);
  return result;
}
