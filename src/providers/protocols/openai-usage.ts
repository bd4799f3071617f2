import { count, member } from "../../json/json-value.ts";
import type { Usage } from "../../model/usage.ts";

/**
 * Usage as Chat Completions, Completions and Embeddings report it (OpenAI API reference, `CompletionUsage`). The details are
 * missing on many compatible servers.
 */
export function readCompletionUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  return {
    promptTokens: count(member(usage, "prompt_tokens")),
    completionTokens: count(member(usage, "completion_tokens")),
    cachedTokens: count(member(member(usage, "prompt_tokens_details"), "cached_tokens")),
    reasoningTokens: count(member(member(usage, "completion_tokens_details"), "reasoning_tokens")),
  };
}
