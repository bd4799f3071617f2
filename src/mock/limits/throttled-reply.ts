import { anthropicError } from "../anthropic-error.ts";
import { formatResetTime } from "../../text/reset-time.ts";
import type { Shortage } from "./rate-limits.ts";
import { errorReply, type Reply } from "../reply.ts";
import type { MockSettings, RetryAfter } from "../settings.ts";

/** How much a 429 tells. */
type Openness = Pick<MockSettings, "rules" | "limitWords" | "retryAfter">;

/** A 429 as the provider with these rules words it. */
export function throttledReply(model: string, shortage: Shortage, { rules, limitWords, retryAfter }: Openness): Reply {
  if (!limitWords) return wordlessReply(shortage, rules, retryAfter);
  return rules === "anthropic" ? anthropicReply(shortage, retryAfter) : openAiReply(model, shortage, retryAfter);
}

/** As of a gateway that keeps a limit of its own: that it is one, and perhaps when to come back. */
function wordlessReply({ retryAfterMs }: Shortage, rules: Openness["rules"], retryAfter: RetryAfter): Reply {
  const message = "Too many requests.";
  if (rules === "anthropic") return anthropicError(429, message, anthropicHeaders(retryAfterMs, retryAfter));
  return errorReply(429, message, { type: "rate_limit_error", headers: retryAfterHeaders(retryAfterMs, retryAfter) });
}

/** OpenAI's `retry-after` is in whole seconds; `retry-after-ms` carries the exact wait. */
function openAiReply(model: string, { type, limit, used, requested, retryAfterMs }: Shortage, retryAfter: RetryAfter): Reply {
  const limitName = type === "requests" ? "requests per min (RPM)" : "tokens per min (TPM)";
  const told = `Rate limit reached for ${model} on ${limitName}: Limit ${limit}, Used ${used}, Requested ${requested}.`;
  const headers = retryAfterHeaders(retryAfterMs, retryAfter);
  const saidMs = retryAfter === "exact" ? retryAfterMs : wholeSeconds(retryAfterMs) * 1000;
  const message = retryAfter === "none" ? told : `${told} Please try again in ${formatResetTime(saidMs)}.`;
  return errorReply(429, message, { type, code: "rate_limit_exceeded", headers });
}

function anthropicReply({ type, limit, retryAfterMs }: Shortage, retryAfter: RetryAfter): Reply {
  const message = `This request would exceed your organization's rate limit of ${limit} ${type} per minute.`;
  return anthropicError(429, message, anthropicHeaders(retryAfterMs, retryAfter));
}

/** Anthropic knows whole seconds only. */
function anthropicHeaders(retryAfterMs: number, retryAfter: RetryAfter): Record<string, string> {
  return retryAfterHeaders(retryAfterMs, retryAfter === "exact" ? "seconds" : retryAfter);
}

function retryAfterHeaders(retryAfterMs: number, retryAfter: RetryAfter): Record<string, string> {
  if (retryAfter === "none") return {};
  const seconds = { "retry-after": String(wholeSeconds(retryAfterMs)) };
  return retryAfter === "seconds" ? seconds : { ...seconds, "retry-after-ms": String(retryAfterMs) };
}

function wholeSeconds(spanMs: number): number {
  return Math.ceil(spanMs / 1000);
}
