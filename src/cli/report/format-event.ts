import { triedMembers } from "../../jsonl/jsonl.ts";
import type { LimiterEvent, RunEvent } from "../../model/event.ts";
import type { Failure } from "../../model/failure.ts";
import type { LineResult } from "../../model/result.ts";
import { type Usage, totalTokens } from "../../model/usage.ts";
import { printable } from "../../text/printable.ts";
import type { Locate } from "../input/locate.ts";

/** Formats an event as a line of JSON, line feed included. */
export function formatEvent(event: RunEvent, time: Date, locate: Locate): string {
  return `${printable(JSON.stringify({ time: time.toISOString(), event: event.type, ...membersOf(event, locate) }))}\n`;
}

function membersOf(event: RunEvent, locate: Locate): Record<string, unknown> {
  switch (event.type) {
    case "request-start":
      return { ...lineMembers(event, locate), client: event.client };
    case "request-changed":
      return { ...lineMembers(event, locate), ...changeMembers(event) };
    case "attempt-start":
      return {
        ...lineMembers(event, locate),
        attempt: event.attempt,
        waited_ms: rounded(event.waitedMs),
        target: event.target,
      };
    case "attempt-end":
      return {
        ...lineMembers(event, locate),
        attempt: event.attempt,
        duration_ms: rounded(event.durationMs),
        ...failureMembers(event.failure),
        usage: event.usage && usageMembers(event.usage),
        ...costMembers(event),
      };
    case "retry-wait":
      return {
        ...lineMembers(event, locate),
        attempt: event.attempt,
        wait_ms: rounded(event.waitMs),
        ...failureMembers(event.failure),
      };
    case "pause":
    case "limit-learned":
    case "concurrency":
    case "circuit":
      return { provider: event.provider, model: event.model, ...limiterMembers(event) };
    case "warning":
      return { ...warnedMembers(event, locate), message: event.message };
    case "request-end":
      return resultMembers(event.result, locate);
  }
}

function lineMembers(
  { lineNumber, customId }: Pick<LineResult, "lineNumber" | "customId">,
  locate: Locate,
): Record<string, unknown> {
  const { file, line } = locate(lineNumber);
  return { file, line_number: line, custom_id: customId };
}

function changeMembers({ sanitized, truncated }: RunEvent & { readonly type: "request-changed" }): Record<string, unknown> {
  return { ...(sanitized.length > 0 && { sanitized }), ...(truncated.length > 0 && { truncated }) };
}

/** Of the line that a warning is of. */
function warnedMembers(
  { lineNumber, customId }: RunEvent & { readonly type: "warning" },
  locate: Locate,
): Record<string, unknown> {
  return lineNumber === undefined || customId === undefined ? {} : lineMembers({ lineNumber, customId }, locate);
}

function limiterMembers(event: LimiterEvent): Record<string, unknown> {
  switch (event.type) {
    case "pause":
      return { pause_ms: rounded(event.pauseMs), reason: event.reason };
    case "limit-learned": {
      const { unit, amount, periodMs } = event.limit;
      return { unit, amount: rounded(amount), period_ms: periodMs, source: event.source };
    }
    case "concurrency":
      return { from: event.from, to: event.to, reason: event.reason };
    case "circuit":
      return { state: event.state, wait_ms: rounded(event.waitMs), reason: event.reason };
  }
}

function resultMembers(result: LineResult, locate: Locate): Record<string, unknown> {
  return {
    ...lineMembers(result, locate),
    status: result.status,
    source: result.status === "succeeded" ? result.source : undefined,
    attempts: result.attempts,
    cost_usd: result.costUsd,
    saved_usd: result.savedUsd,
    request_id: result.response?.requestId,
    status_code: result.response?.statusCode,
    ...failureMembers(result.status === "failed" ? result.failure : undefined),
  };
}

function failureMembers(failure: Failure | undefined): Record<string, unknown> {
  if (failure === undefined) return {};
  const { kind, message, statusCode, retryAfterMs, providersTried } = failure;
  return {
    ...(statusCode !== undefined && { status_code: statusCode }),
    error: { code: kind, message },
    retry_after_ms: retryAfterMs,
    providers_tried: providersTried?.map(triedMembers),
  };
}

function usageMembers(usage: Usage): Record<string, number> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: totalTokens(usage),
    cached_tokens: usage.cachedTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    reasoning_tokens: usage.reasoningTokens,
  };
}

/** Absent where nothing was used. */
function costMembers({ usage, costUsd }: Extract<RunEvent, { readonly type: "attempt-end" }>): Record<string, unknown> {
  if (usage === undefined || costUsd === undefined) return {};
  return { cost_usd: costUsd, ...(usage.billing?.reportedCostUsd !== undefined && { cost_is_reported: true }) };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
