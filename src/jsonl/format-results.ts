import type { ModelResponse, ErrorResponse } from "../model/attempt.ts";
import type { Failure, TriedProvider } from "../model/failure.ts";
import type { LineResult } from "../model/result.ts";

export interface FormatOptions {
  /**
   * Adds `"llmbatch":{"provider","model","cached","attempts","latency_ms","cost_usd"}` as the last member: what varies from run to run, or is
   * not known (null) of some lines. Of a request that was changed before it was sent, `"llmbatch":{"dropped"}` is there in any case.
   * @default false
   */
  readonly annotate?: boolean;
}

/**
 * Formats a result as a line of output, line feed included: `id`, `custom_id`, `response`, `error`, in this order as in OpenAI's batch
 * output files, then `metadata` if the input line had it. Bodies and metadata are written as received.
 */
export function formatResult(result: LineResult, options: FormatOptions = {}): string {
  return formatResultInParts(result, options).join("");
}

/** `formatResult` in three parts: joining them would copy the body once more. */
export function formatResultInParts(
  result: LineResult,
  { annotate = false }: FormatOptions = {},
): readonly [beforeBody: string, body: string, afterBody: string] {
  const { id, customId, response, metadata } = result;
  const error = result.status === "failed" ? formatError(result.failure, result.attempts) : "null";
  const annotation = annotate || result.dropped !== undefined ? formatAnnotation(result, annotate) : "";
  const end = `,"error":${error}${metadata === undefined ? "" : `,"metadata":${metadata}`}${annotation}}\n`;
  const start = `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},"response":`;
  if (response === undefined) return [start, "null", end];
  return [start + formatBeforeBody(response), response.body, `}${end}`];
}

function formatBeforeBody({ statusCode, requestId }: ModelResponse | ErrorResponse): string {
  return `{"status_code":${statusCode},"request_id":${JSON.stringify(requestId)},"body":`;
}

function formatError({ kind, message, providersTried }: Failure, attempts: number): string {
  const tried = providersTried === undefined ? "" : `,"providers_tried":${JSON.stringify(providersTried.map(triedMembers))}`;
  return `{"code":"${kind}","message":${JSON.stringify(message)},"attempts":${attempts}${tried}}`;
}

/** What came of one target, as the output and the log tell it. */
export function triedMembers({ provider, kind, message, statusCode }: TriedProvider): Record<string, unknown> {
  return { provider, code: kind, message, status_code: statusCode };
}

function formatAnnotation(result: LineResult, annotate: boolean): string {
  const { provider = null, model = null, attempts, latencyMs = 0, costUsd = null, dropped } = result;
  if (!annotate) return `,"llmbatch":${JSON.stringify({ dropped })}`;
  const cached = result.status === "succeeded" && result.source === "cache";
  const latency = Math.round(latencyMs * 1000) / 1000;
  return `,"llmbatch":${JSON.stringify({ provider, model, cached, attempts, latency_ms: latency, cost_usd: costUsd, dropped })}`;
}
