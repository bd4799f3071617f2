import { count, member } from "../../json/json-value.ts";
import { messagesStreaming } from "./anthropic-messages-stream.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { textOf } from "../../model/content-text.ts";
import { readBilling } from "../billing.ts";
import { brokenOff, isBrokenOff } from "./broken-off.ts";
import type { HttpResponse, Protocol } from "../protocol.ts";
import type { Failure } from "../../model/failure.ts";
import { noUsage, type Usage } from "../../model/usage.ts";

/**
 * Anthropic Messages (Claude API reference). Version 2023-06-01 takes every request; later ones refuse sampling parameters. Its
 * rate limits count input tokens as sent and output tokens as they come, so `max_tokens` reserves nothing.
 */
export const anthropicMessages: Protocol = {
  path: "/v1/messages",
  baseUrlHasVersion: false,
  headers: { "anthropic-version": "2023-06-01" },
  counting: "input",
  readUsage,
  readText: (body) => textOf(member(body, "content")),
  readFailure,
  streaming: messagesStreaming,
};

/** What a message would take (Claude API reference, "Count tokens"). It comes with Messages, for live clients: batches have no use for it. */
export const anthropicTokenCount: Protocol = {
  path: "/v1/messages/count_tokens",
  baseUrlHasVersion: anthropicMessages.baseUrlHasVersion,
  headers: anthropicMessages.headers,
  counting: "input",
  readUsage: () => noUsage,
  readFailure: (response) => readApiFailure(response, (body) => typeof member(body, "input_tokens") === "number"),
};

/** `input_tokens` counts only what follows the last cache breakpoint; the whole input is the sum of three. */
function readUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  const cachedTokens = count(member(usage, "cache_read_input_tokens"));
  const writtenToCache = count(member(usage, "cache_creation_input_tokens"));
  const ofAnHour = count(member(member(usage, "cache_creation"), "ephemeral_1h_input_tokens"));
  const billing = readBilling({
    usage,
    hourCacheWriteTokens: Math.min(ofAnHour, writtenToCache),
    tier: member(usage, "speed") === "fast" ? "fast" : member(usage, "service_tier"),
  });
  return {
    promptTokens: count(member(usage, "input_tokens")) + writtenToCache + cachedTokens,
    completionTokens: count(member(usage, "output_tokens")),
    cachedTokens,
    cacheWriteTokens: writtenToCache,
    reasoningTokens: count(member(member(usage, "output_tokens_details"), "thinking_tokens")),
    ...(billing !== undefined && { billing }),
  };
}

/** The content may be empty: the model had nothing to add, or `max_tokens` was 0 to warm the cache. */
function isMessage(body: unknown): boolean {
  return Array.isArray(member(body, "content"));
}

/** Anthropic's own messages do not break off; those of compatible servers say it as their Chat Completions do. */
function readFailure(response: HttpResponse): Failure | undefined {
  const reason = member(response.body, "stop_reason");
  return readApiFailure(response, isMessage) ?? (isBrokenOff(reason) ? brokenOff(response, "stop_reason", reason) : undefined);
}
