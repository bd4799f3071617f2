import { type Usage, totalTokens } from "../model/usage.ts";

/** Tokens as they stand in files: part of `TokenStatsJson`. */
export interface UsageJson {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** `prompt_tokens` and `completion_tokens` together. */
  readonly total_tokens: number;
  /** Part of `prompt_tokens`: read from the provider's own prompt cache. */
  readonly cached_tokens: number;
  /** Part of `completion_tokens`. */
  readonly reasoning_tokens: number;
}

/** Adds up usage. It is a `Usage` itself, so that it can be read as one at any time. */
export class UsageSum implements Usage {
  #promptTokens = 0;
  #completionTokens = 0;
  #cachedTokens = 0;
  #reasoningTokens = 0;

  add(usage: Usage): void {
    this.#promptTokens += usage.promptTokens;
    this.#completionTokens += usage.completionTokens;
    this.#cachedTokens += usage.cachedTokens;
    this.#reasoningTokens += usage.reasoningTokens;
  }

  get promptTokens(): number {
    return this.#promptTokens;
  }

  get completionTokens(): number {
    return this.#completionTokens;
  }

  get cachedTokens(): number {
    return this.#cachedTokens;
  }

  get reasoningTokens(): number {
    return this.#reasoningTokens;
  }

  toJSON(): UsageJson {
    return {
      prompt_tokens: this.#promptTokens,
      completion_tokens: this.#completionTokens,
      total_tokens: totalTokens(this),
      cached_tokens: this.#cachedTokens,
      reasoning_tokens: this.#reasoningTokens,
    };
  }
}
