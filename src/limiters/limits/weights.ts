import type { Attempt } from "../../model/attempt.ts";
import type { Cost } from "../../model/cost.ts";
import type { FailureKind } from "../../model/failure.ts";
import { noWeights, type Weights } from "../../model/rate-limit.ts";
import type { Usage } from "../../model/usage.ts";

/** What is assumed of an answer before it is there. */
export interface AssumedOutput {
  /** What it may have, as far as that is held against a limit that requests and answers share. */
  readonly reserved: number;
  /** What it probably has. Limits on output alone count what is answered, whatever was allowed (Claude API, rate limits). */
  readonly expected: number;
}

/** What a request takes when it starts. */
export function reservedWeights(cost: Cost, { reserved, expected }: AssumedOutput): Weights {
  const { inputTokens } = cost;
  return { requests: 1, tokens: sharedTokens(cost, reserved), "input-tokens": inputTokens, "output-tokens": expected };
}

function sharedTokens({ inputTokens, counting }: Cost, outputTokens: number): number {
  if (counting === "input") return inputTokens;
  return counting === "larger" ? Math.max(inputTokens, outputTokens) : inputTokens + outputTokens;
}

/**
 * What was reserved for an attempt and not used; negative where it used more. Nothing where that is not known: an answer that reports no
 * tokens, a failure after which the server may have gone on working. The request itself stays taken: failed ones count as well.
 */
export function unusedWeights(reserved: Weights, cost: Cost, attempt: Attempt): Weights {
  const usage = attempt.ok ? attempt.response.usage : attempt.usage;
  if (usage !== undefined && usage.promptTokens + usage.completionTokens > 0)
    return subtractWeights(reserved, usedWeights(cost, usage));
  if (attempt.ok || !unworked.has(attempt.failure.kind)) return noWeights;
  return { ...reserved, requests: 0 };
}

/** Kinds of failure of which a server says, or lets one assume, that it did no work. */
const unworked: ReadonlySet<FailureKind> = new Set(["rate_limit", "overloaded", "server_error", "network"]);

export function addWeights(one: Weights, other: Weights): Weights {
  return {
    requests: one.requests + other.requests,
    tokens: one.tokens + other.tokens,
    "input-tokens": one["input-tokens"] + other["input-tokens"],
    "output-tokens": one["output-tokens"] + other["output-tokens"],
  };
}

export function subtractWeights(one: Weights, other: Weights): Weights {
  return {
    requests: one.requests - other.requests,
    tokens: one.tokens - other.tokens,
    "input-tokens": one["input-tokens"] - other["input-tokens"],
    "output-tokens": one["output-tokens"] - other["output-tokens"],
  };
}

export function scaleWeights(weights: Weights, factor: number): Weights {
  return {
    requests: weights.requests * factor,
    tokens: weights.tokens * factor,
    "input-tokens": weights["input-tokens"] * factor,
    "output-tokens": weights["output-tokens"] * factor,
  };
}

/** Where only the request counts, tokens that the provider found in its own cache do not (Claude API rate limits). */
function usedWeights({ counting }: Cost, { promptTokens, completionTokens, cachedTokens }: Usage): Weights {
  const uncached = promptTokens - cachedTokens;
  const tokens = counting === "input" ? uncached : promptTokens + completionTokens;
  return { requests: 1, tokens, "input-tokens": uncached, "output-tokens": completionTokens };
}
