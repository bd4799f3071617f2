import type { Failure } from "../../model/failure.ts";
import type { HttpResponse } from "../protocol.ts";

/** What servers say where an answer did not end but broke off: vLLM, SGLang; OpenRouter, Mistral; watsonx; Zhipu; DeepSeek. */
const brokenOffReasons: ReadonlySet<unknown> = new Set([
  "abort",
  "aborted",
  "error",
  "cancelled",
  "canceled",
  "time_limit",
  "timeout",
  "network_error",
  "insufficient_system_resource",
]);

export function isBrokenOff(reason: unknown): boolean {
  return brokenOffReasons.has(typeof reason === "string" ? reason.toLowerCase() : reason);
}

/**
 * The server says itself that its answer is a part of one.
 *
 * @param name Of the member that says so.
 */
export function brokenOff({ statusCode }: HttpResponse, name: string, reason: unknown): Failure {
  const message = `HTTP ${statusCode}: the server broke the answer off (${name}: ${JSON.stringify(reason)})`;
  return { kind: "server_error", message, retryable: true, statusCode };
}
