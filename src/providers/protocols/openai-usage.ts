import { count, items, member } from "../../json/json-value.ts";
import { noUsage, totalTokens, type Usage } from "../../model/usage.ts";

/**
 * Usage as Chat Completions and Completions report it (OpenAI API reference, `CompletionUsage`), wherever it stands: Groq's streams have it
 * in `x_groq`, Moonshot's in the choice. One that counts nothing stands in for none. The details are missing on many compatible servers.
 */
export function readCompletionUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  const ofGroq = member(member(body, "x_groq"), "usage");
  const usages = [usage, ofGroq, member(items(member(body, "choices"))[0], "usage")].map(completionUsage);
  return usages.find((each) => totalTokens(each) > 0) ?? completionUsage(usage);
}

function completionUsage(usage: unknown): Usage {
  return readUsageMembers(usage, { input: "prompt_tokens", output: "completion_tokens" });
}

/**
 * Output is what the total has beyond the input, if that is more: xAI and Gemini leave thinking out of `completion_tokens`, and count it.
 *
 * @param names What the API calls its counts, whose details are named after them.
 */
export function readUsageMembers(usage: unknown, names: { readonly input: string; readonly output: string }): Usage {
  const promptTokens = count(member(usage, names.input));
  const reasoningTokens = count(member(member(usage, `${names.output}_details`), "reasoning_tokens"));
  return {
    promptTokens,
    completionTokens: Math.max(
      count(member(usage, names.output)),
      count(member(usage, "total_tokens")) - promptTokens,
      reasoningTokens,
    ),
    cachedTokens: count(member(member(usage, `${names.input}_details`), "cached_tokens")),
    cacheWriteTokens: count(member(member(usage, `${names.input}_details`), "cache_write_tokens")),
    reasoningTokens,
  };
}

/** Of embeddings, which have no output: some servers tell the total alone (Voyage). */
export function readEmbeddingUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  const promptTokens = Math.max(count(member(usage, "prompt_tokens")), count(member(usage, "total_tokens")));
  return { ...noUsage, promptTokens };
}
