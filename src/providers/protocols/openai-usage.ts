import { count, items, member } from "../../json/json-value.ts";
import { noUsage, totalTokens, type Usage } from "../../model/usage.ts";
import { readBilling } from "../billing.ts";

/**
 * Usage as Chat Completions and Completions report it (OpenAI API reference, `CompletionUsage`), wherever it stands: Groq's streams have it
 * in `x_groq`, Moonshot's in the choice. One that counts nothing stands in for none. The details are missing on many compatible servers.
 */
export function readCompletionUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  const tier = member(body, "service_tier");
  const first = completionUsage(usage, tier);
  if (totalTokens(first) > 0) return first;
  const ofGroq = member(member(body, "x_groq"), "usage");
  const others = [ofGroq, member(items(member(body, "choices"))[0], "usage")].map((each) => completionUsage(each, tier));
  return others.find((each) => totalTokens(each) > 0) ?? first;
}

const completionNames: UsageNames = {
  input: "prompt_tokens",
  inputDetails: "prompt_tokens_details",
  output: "completion_tokens",
  outputDetails: "completion_tokens_details",
};

function completionUsage(usage: unknown, tier: unknown): Usage {
  return readUsageMembers(usage, completionNames, tier);
}

/** What an API calls its counts. */
export interface UsageNames {
  readonly input: string;
  readonly inputDetails: string;
  readonly output: string;
  readonly outputDetails: string;
}

/**
 * Output is what the total has beyond the input, if that is more: xAI and Gemini leave thinking out of `completion_tokens`, and count it.
 *
 * @param tier The body's `service_tier`.
 */
export function readUsageMembers(usage: unknown, names: UsageNames, tier: unknown): Usage {
  const inputDetails = member(usage, names.inputDetails);
  const outputDetails = member(usage, names.outputDetails);
  const promptTokens = count(member(usage, names.input));
  const reasoningTokens = count(member(outputDetails, "reasoning_tokens"));
  const billing = readBilling({ usage, inputDetails, outputDetails, tier });
  return {
    promptTokens,
    completionTokens: Math.max(
      count(member(usage, names.output)),
      count(member(usage, "total_tokens")) - promptTokens,
      reasoningTokens,
    ),
    cachedTokens: cachedTokens(usage, inputDetails),
    cacheWriteTokens: count(member(inputDetails, "cache_write_tokens")),
    reasoningTokens,
    ...(billing !== undefined && { billing }),
  };
}

/** Beside the details that OpenAI has, DeepSeek says it as `prompt_cache_hit_tokens`, Moonshot as `cached_tokens`, and both at times alone. */
function cachedTokens(usage: unknown, inputDetails: unknown): number {
  return (
    count(member(inputDetails, "cached_tokens")) ||
    count(member(usage, "prompt_cache_hit_tokens")) ||
    count(member(usage, "cached_tokens"))
  );
}

/** Of embeddings, which have no output: some servers tell the total alone (Voyage). */
export function readEmbeddingUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  const promptTokens = Math.max(count(member(usage, "prompt_tokens")), count(member(usage, "total_tokens")));
  const billing = readBilling({ usage });
  return { ...noUsage, promptTokens, ...(billing !== undefined && { billing }) };
}
