import type { ModelResponse, ErrorResponse } from "../model/attempt.ts";
import type { BatchResult } from "../model/result.ts";

/**
 * Formats a result as a line of output, line feed included: `id`, `custom_id`, `response`, `error`, in this order as in OpenAI's batch
 * output files, then `metadata` if the input line had it. Bodies and metadata are written as received.
 */
export function formatResult(result: BatchResult): string {
  return formatResultInParts(result).join("");
}

/** `formatResult` in three parts: joining them would copy the body once more. */
export function formatResultInParts(result: BatchResult): readonly [beforeBody: string, body: string, afterBody: string] {
  const { id, customId, response, metadata } = result;
  const error = result.status === "failed" ? formatError(result.failure.kind, result.failure.message, result.attempts) : "null";
  const end = `,"error":${error}${metadata === undefined ? "" : `,"metadata":${metadata}`}}\n`;
  const start = `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},"response":`;
  if (response === undefined) return [start, "null", end];
  return [start + formatBeforeBody(response), response.body, `}${end}`];
}

function formatBeforeBody({ statusCode, requestId }: ModelResponse | ErrorResponse): string {
  return `{"status_code":${statusCode},"request_id":${JSON.stringify(requestId)},"body":`;
}

function formatError(code: string, message: string, attempts: number): string {
  return `{"code":"${code}","message":${JSON.stringify(message)},"attempts":${attempts}}`;
}
