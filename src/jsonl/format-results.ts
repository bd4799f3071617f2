import type { Answer, ErrorAnswer } from "../model/attempt.ts";
import type { BatchResult } from "../model/result.ts";

/**
 * Writes a result as its line of output, line feed included: `id`, `custom_id`, `response`, `error`, in this order and as OpenAI's
 * batch output files have them, then `metadata` if the input line had it. Bodies and metadata stand as received.
 */
export function formatResult(result: BatchResult): string {
  const { id, customId, answer, metadata } = result;
  const error = result.status === "failed" ? formatError(result.failure.kind, result.failure.message, result.attempts) : "null";
  const end = metadata === undefined ? "" : `,"metadata":${metadata}`;
  return `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},"response":${formatResponse(answer)},"error":${error}${end}}\n`;
}

function formatResponse(answer: Answer | ErrorAnswer | undefined): string {
  if (answer === undefined) return "null";
  return `{"status_code":${answer.statusCode},"request_id":${JSON.stringify(answer.requestId)},"body":${answer.body}}`;
}

function formatError(code: string, message: string, attempts: number): string {
  return `{"code":"${code}","message":${JSON.stringify(message)},"attempts":${attempts}}`;
}
