import type { ModelResponse, FailedAttempt } from "../model/attempt.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult, FailedResult, SucceededResult } from "../model/result.ts";

/** What a result says of its line. */
interface Line {
  readonly id: string;
  readonly request: BatchInput;
}

export function succeededResult(
  { id, request: { customId, lineNumber, metadata } }: Line,
  response: ModelResponse,
  source: SucceededResult["source"],
  attempts: number,
): SucceededResult {
  // A spread here would cost a microsecond for each line.
  return metadata === undefined
    ? { status: "succeeded", id, customId, lineNumber, response, source, attempts }
    : { status: "succeeded", id, customId, lineNumber, metadata, response, source, attempts };
}

/** @param outcome The failure, and what the server sent with it. */
export function failedResult(
  { id, request: { customId, lineNumber, metadata } }: Line,
  { failure, response }: Pick<FailedAttempt, "failure" | "response">,
  attempts: number,
): FailedResult {
  const optional = { ...(metadata !== undefined && { metadata }), ...(response !== undefined && { response }) };
  return { status: "failed", id, customId, lineNumber, ...optional, failure, attempts };
}

/** The result of an identical request, as this line's own. */
export function sharedResult(line: Line, result: BatchResult): BatchResult {
  return result.status === "succeeded" ? succeededResult(line, result.response, "shared", 0) : failedResult(line, result, 0);
}
