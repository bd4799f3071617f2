import type { Allowance } from "./allowance.ts";
import { formatResetTime } from "../../text/reset-time.ts";
import type { Demand, RateLimits, Shortage, Used } from "./rate-limits.ts";
import { findShortage } from "./shortage.ts";

/** What an answer is taken to have when the request sets no limit. OpenAI does not say what it takes it for. */
const outputTokensWithoutLimit = 16;

interface OpenAiAllowances {
  readonly requests: Allowance | undefined;
  readonly tokens: Allowance | undefined;
}

/**
 * Requests and tokens per minute, input and output together. Before the answer is there, a request counts as the larger of its
 * input and its maximum output (OpenAI API, rate limits guide).
 */
export class OpenAiLimits implements RateLimits {
  readonly #requests: Allowance | undefined;
  readonly #tokens: Allowance | undefined;
  readonly #writeReset: (spanMs: number) => string;

  /** @param writeReset How the `-reset-` headers say how long something takes. */
  constructor({ requests, tokens }: OpenAiAllowances, writeReset: (spanMs: number) => string = formatResetTime) {
    this.#requests = requests;
    this.#tokens = tokens;
    this.#writeReset = writeReset;
  }

  admit(demand: Demand): Shortage | undefined {
    const tokens = tokensOf(demand);
    const shortage = findShortage([
      { type: "requests", allowance: this.#requests, cost: 1 },
      { type: "tokens", allowance: this.#tokens, cost: tokens },
    ]);
    if (shortage !== undefined) return shortage;
    this.#requests?.take(1);
    this.#tokens?.take(tokens);
    return undefined;
  }

  settle(demand: Demand, { inputTokens, outputTokens }: Used): void {
    this.#tokens?.take(inputTokens + outputTokens - tokensOf(demand));
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.#requests !== undefined) this.#addHeaders(headers, "requests", this.#requests);
    if (this.#tokens !== undefined) this.#addHeaders(headers, "tokens", this.#tokens);
    return headers;
  }

  #addHeaders(headers: Record<string, string>, name: string, allowance: Allowance): void {
    headers[`x-ratelimit-limit-${name}`] = String(allowance.perMinute);
    headers[`x-ratelimit-remaining-${name}`] = String(allowance.available());
    headers[`x-ratelimit-reset-${name}`] = this.#writeReset(allowance.fullInMs());
  }
}

function tokensOf({ inputTokens, maxOutputTokens }: Demand): number {
  return maxOutputTokens === undefined ? inputTokens + outputTokensWithoutLimit : Math.max(inputTokens, maxOutputTokens);
}
