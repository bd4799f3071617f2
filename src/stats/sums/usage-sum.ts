import { type Usage, totalTokens } from "../../model/usage.ts";
import type { UsageJson } from "../token-stats-json.ts";

/** Adds up usage. It is a `Usage` itself, so that it can be read as one at any time. */
export class UsageSum implements Usage {
  promptTokens = 0;
  completionTokens = 0;
  cachedTokens = 0;
  cacheWriteTokens = 0;
  reasoningTokens = 0;

  /** @param times -1 takes it away. */
  add(usage: Usage, times: 1 | -1 = 1): void {
    this.promptTokens += times * usage.promptTokens;
    this.completionTokens += times * usage.completionTokens;
    this.cachedTokens += times * usage.cachedTokens;
    this.cacheWriteTokens += times * usage.cacheWriteTokens;
    this.reasoningTokens += times * usage.reasoningTokens;
  }

  toJSON(): UsageJson {
    return {
      prompt_tokens: this.promptTokens,
      completion_tokens: this.completionTokens,
      total_tokens: totalTokens(this),
      cached_tokens: this.cachedTokens,
      cache_write_tokens: this.cacheWriteTokens,
      reasoning_tokens: this.reasoningTokens,
    };
  }
}
