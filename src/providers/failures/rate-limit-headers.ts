import { minuteMs, type LimitUnit, type RateLimitReport } from "../../model/rate-limit.ts";
import type { HttpResponse } from "../protocol.ts";
import { parseReset, serverTime } from "./retry-after.ts";

/** Where one limit stands in the headers of a response. */
interface HeaderNames {
  readonly unit: LimitUnit;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
  /** Of its period in seconds: Azure's. */
  readonly renewal?: string;
}

/** OpenAI and those who copy it (OpenAI API, rate limits guide); a project's limit stands beside its organisation's. */
function openaiNames(unit: LimitUnit, name: string): HeaderNames {
  return {
    unit,
    limit: `x-ratelimit-limit-${name}`,
    remaining: `x-ratelimit-remaining-${name}`,
    reset: `x-ratelimit-reset-${name}`,
    renewal: `x-ratelimit-renewalperiod-${name}`,
  };
}

/** Claude API, rate limits. Its `anthropic-ratelimit-tokens-…` repeat whichever of the others is nearest, so they add nothing. */
function anthropicNames(unit: LimitUnit): HeaderNames {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((part) => `anthropic-ratelimit-${unit}-${part}`);
  return { unit, limit: limit ?? "", remaining: remaining ?? "", reset: reset ?? "" };
}

const allNames: readonly HeaderNames[] = [
  openaiNames("requests", "requests"),
  openaiNames("tokens", "tokens"),
  openaiNames("tokens", "project-tokens"),
  anthropicNames("requests"),
  anthropicNames("input-tokens"),
  anthropicNames("output-tokens"),
];

const dayMs = 86_400_000;
/** A limit by the minute is whole again within a minute; whole seconds are rounded up. */
const maxMinuteMs = minuteMs + 1_000;
/** Limits are by the minute, or by one of these (Azure's). */
const shortPeriodsMs = [1_000, 10_000];
/** What is left is rounded down: of 6,000 a minute nearly 1 may be used when 0 to 10 ms are told. */
const minTellingMs = 1_000;

/**
 * What a response's headers say of the provider's limits. Missing, unreadable, zero and negative limits say nothing.
 *
 * @param requestsPeriodMs Of the limit on requests, which some providers give by the day. A reset more than a minute away tells as much.
 * @returns undefined when nothing is said.
 */
export function readRateLimits(response: HttpResponse, requestsPeriodMs: number): RateLimitReport[] | undefined {
  const { headers } = response;
  let reports: RateLimitReport[] | undefined;
  for (const names of allNames) {
    const limit = count(headers[names.limit]);
    if (limit === undefined || limit === 0) continue;
    const remaining = count(headers[names.remaining]);
    const resetMs = parseReset(headers[names.reset], serverTime(response)) ?? 0;
    const renewalMs = (names.renewal === undefined ? 0 : (count(headers[names.renewal]) ?? 0)) * 1_000;
    const declaredMs = names.unit === "requests" ? requestsPeriodMs : minuteMs;
    const used = limit - (remaining ?? limit);
    const periodMs = renewalMs || inferPeriod(declaredMs, resetMs, names.renewal === undefined ? 0 : used, limit);
    (reports ??= []).push({ unit: names.unit, limit, periodMs, remaining, source: "headers" });
  }
  return reports;
}

/**
 * What was used flows in again until the reset, and the whole limit in its period. Resets are rounded, so a period is one of a few.
 *
 * @param used 0 where the reset is a moment: clocks differ by more than a short period.
 */
function inferPeriod(declaredMs: number, resetMs: number, used: number, limit: number): number {
  if (resetMs > maxMinuteMs) return Math.max(dayMs, declaredMs);
  if (declaredMs !== minuteMs || resetMs < minTellingMs || !(used > 0)) return declaredMs;
  const wholeMs = (resetMs * limit) / used;
  return shortPeriodsMs.find((periodMs) => wholeMs <= periodMs) ?? minuteMs;
}

function count(value: string | string[] | undefined): number | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}
