import type { BatchResult } from "../model/result.ts";

/**
 * A result as one text. The answer's body stands behind the rest, apart by a line break, which it cannot hold itself: so it needs
 * no escaping on the way out and no parsing on the way back.
 */
export function packResult(result: BatchResult): string {
  if (result.answer === undefined) return JSON.stringify(result);
  const { body, ...answer } = result.answer;
  return `${JSON.stringify({ ...result, answer })}\n${body}`;
}

/** The result that `packResult` made `text` of. */
export function unpackResult(text: string): BatchResult {
  const bodyAt = text.indexOf("\n") + 1;
  if (bodyAt === 0) return JSON.parse(text);
  const result = JSON.parse(text.slice(0, bodyAt));
  result.answer.body = text.slice(bodyAt);
  return result;
}
