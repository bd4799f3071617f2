import type { Allowance } from "./allowance.ts";
import type { Demand, RateLimits, Shortage, Used } from "./rate-limits.ts";
import { findShortage } from "./shortage.ts";

interface AnthropicAllowances {
  readonly requests: Allowance | undefined;
  readonly inputTokens: Allowance | undefined;
  readonly outputTokens: Allowance | undefined;
}

/** Anthropic says of tokens only how many thousands are left. */
const tokensStep = 1000;

/**
 * Requests, input tokens and output tokens per minute. Input counts when a request comes, by estimate; output when it is answered,
 * whatever `max_tokens` was. While output is used up, no request is let in (Anthropic API, rate limits).
 */
export class AnthropicLimits implements RateLimits {
  readonly #allowances: AnthropicAllowances;
  readonly #epochMs: () => number;

  /** @param epochMs The clock on the wall, for headers that say at what time something will be. */
  constructor(allowances: AnthropicAllowances, epochMs: () => number) {
    this.#allowances = allowances;
    this.#epochMs = epochMs;
  }

  admit(demand: Demand): Shortage | undefined {
    const { requests, inputTokens, outputTokens } = this.#allowances;
    const shortage = findShortage([
      { type: "requests", allowance: requests, cost: 1 },
      { type: "input tokens", allowance: inputTokens, cost: demand.inputTokens },
      { type: "output tokens", allowance: outputTokens, cost: 1 },
    ]);
    if (shortage !== undefined) return shortage;
    requests?.take(1);
    inputTokens?.take(demand.inputTokens);
    return undefined;
  }

  settle(demand: Demand, used: Used): void {
    this.#allowances.inputTokens?.take(used.inputTokens - demand.inputTokens);
    this.#allowances.outputTokens?.take(used.outputTokens);
  }

  headers(): Record<string, string> {
    const { requests, inputTokens, outputTokens } = this.#allowances;
    const headers: Record<string, string> = {};
    this.#addHeaders(headers, "requests", requests, 1);
    this.#addHeaders(headers, "input-tokens", inputTokens, tokensStep);
    this.#addHeaders(headers, "output-tokens", outputTokens, tokensStep);
    this.#addHeaders(headers, "tokens", tighter(inputTokens, outputTokens), tokensStep);
    return headers;
  }

  #addHeaders(headers: Record<string, string>, name: string, allowance: Allowance | undefined, step: number): void {
    if (allowance === undefined) return;
    headers[`anthropic-ratelimit-${name}-limit`] = String(allowance.perMinute);
    headers[`anthropic-ratelimit-${name}-remaining`] = String(Math.round(allowance.available() / step) * step);
    headers[`anthropic-ratelimit-${name}-reset`] = wholeSeconds(this.#epochMs() + allowance.fullInMs());
  }
}

/** The one of which the smaller share is left. */
function tighter(one: Allowance | undefined, other: Allowance | undefined): Allowance | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.available() / one.perMinute <= other.available() / other.perMinute ? one : other;
}

/** RFC 3339 to the second, rounded up. */
function wholeSeconds(epochMs: number): string {
  return `${new Date(Math.ceil(epochMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
