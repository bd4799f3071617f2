import { count, member } from "../json/json-value.ts";
import { type Billing, fromNanoUsd, maxReportedUsd, toNanoUsd } from "../model/usage.ts";

/** What an answer says of how it is billed, where its API has a place for it. */
interface BillingFacts {
  /** The usage as it came. */
  readonly usage: unknown;
  readonly inputDetails?: unknown;
  readonly outputDetails?: unknown;
  readonly tier?: unknown;
  readonly hourCacheWriteTokens?: number;
}

/** @returns undefined for most answers, which cost what their tokens cost. */
export function readBilling({
  usage,
  inputDetails,
  outputDetails,
  tier,
  hourCacheWriteTokens = 0,
}: BillingFacts): Billing | undefined {
  const inputAudioTokens = count(member(inputDetails, "audio_tokens"));
  const cachedAudioTokens = count(member(member(inputDetails, "cached_tokens_details"), "audio_tokens"));
  const outputAudioTokens = count(member(outputDetails, "audio_tokens"));
  const ownTier = tierOf(tier);
  const reportedCostUsd = reportedCost(usage);
  const isPlain = inputAudioTokens + outputAudioTokens + hourCacheWriteTokens === 0;
  if (isPlain && ownTier === undefined && reportedCostUsd === undefined) return undefined;
  return {
    ...(inputAudioTokens > 0 && { inputAudioTokens }),
    ...(outputAudioTokens > 0 && { outputAudioTokens }),
    ...(cachedAudioTokens > 0 && { cachedAudioTokens: Math.min(cachedAudioTokens, inputAudioTokens) }),
    ...(hourCacheWriteTokens > 0 && { hourCacheWriteTokens }),
    ...(ownTier !== undefined && { tier: ownTier }),
    ...(reportedCostUsd !== undefined && { reportedCostUsd }),
  };
}

/**
 * What `service_tier` says was served, which may be another than was asked for (OpenAI API reference; Claude API reference, `usage`). `scale`
 * is paid for in advance, and `fast` costs more than the list says, as `priority` does: none of the three has a list price.
 */
function tierOf(tier: unknown): Billing["tier"] {
  switch (tier) {
    case "batch":
    case "flex":
      return tier;
    case "priority":
    case "fast":
    case "scale":
      return "priority";
    default:
      return undefined;
  }
}

/** 10,000,000,000 ticks are one US dollar (xAI docs, cost tracking). */
const ticksPerUsd = 1e10;

/**
 * In US dollars: `cost` (OpenRouter; credits are dollars), to which with a key of the user's own what its vendor charges is added;
 * `cost.total_cost` (Perplexity), `cost_in_usd_ticks` (xAI), `estimated_cost` (DeepInfra).
 */
function reportedCost(usage: unknown): number | undefined {
  const cost = member(usage, "cost");
  if (member(usage, "is_byok") === true)
    return sum(amount(cost), amount(member(member(usage, "cost_details"), "upstream_inference_cost")));
  const ticks = amount(member(usage, "cost_in_usd_ticks"), maxReportedUsd * ticksPerUsd);
  return (
    amount(cost) ??
    amount(member(cost, "total_cost")) ??
    (ticks === undefined ? undefined : ticks / ticksPerUsd) ??
    amount(member(usage, "estimated_cost"))
  );
}

function amount(value: unknown, max = maxReportedUsd): number | undefined {
  return typeof value === "number" && value >= 0 && value <= max ? value : undefined;
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : amount(fromNanoUsd(toNanoUsd(one) + toNanoUsd(other)));
}
