import { isJsonObject, type JsonObject } from "../../json/json-value.ts";

/**
 * What several runs took together, from their `FILE.stats.json`. Counts, tokens and money are summed; the time is that from the first start to the
 * last end, and rates are over it. Percentiles cannot be had from percentiles: `latency_ms` is null.
 *
 * @returns undefined where one of them is no such file's content.
 */
export function sumStats(parts: readonly unknown[]): JsonObject | undefined {
  const stats = parts.filter(isJsonObject).filter((part) => typeof part["requests_total"] === "number");
  if (stats.length === 0 || stats.length < parts.length) return undefined;
  const sum = sumMembers(stats);
  const spans = stats.map(({ start_time: start, elapsed_seconds: seconds }) => {
    const from = Date.parse(String(start));
    return { from, to: from + numberOf(seconds) * 1000 };
  });
  const from = Math.min(...spans.map((span) => span.from));
  const seconds = (Math.max(...spans.map(({ to }) => to)) - from) / 1000;
  const done = numberOf(sum["requests_completed"]) + numberOf(sum["requests_failed"]);
  const perSecond = (amount: unknown): number => (seconds > 0 ? rounded(numberOf(amount) / seconds) : 0);
  const highest = (key: string): number => Math.max(...stats.map((part) => numberOf(part[key])));
  return {
    ...sum,
    cache_hit_ratio: rounded(numberOf(sum["cache_hits"]) / Math.max(1, done)),
    cost_by_model: costsOf(sum["by_model"]),
    cost_by_provider: costsOf(sum["by_provider"]),
    requests_per_second: perSecond(done),
    tokens_per_second: perSecond(sum["total_tokens"]),
    prompt_tokens_per_second: perSecond(sum["prompt_tokens"]),
    completion_tokens_per_second: perSecond(sum["completion_tokens"]),
    request_saturation: highest("request_saturation"),
    token_saturation: highest("token_saturation"),
    start_time: Number.isFinite(from) ? new Date(from).toISOString() : sum["start_time"],
    elapsed_seconds: rounded(seconds),
  };
}

/** Keeps the order of the keys. */
function sumMembers(objects: readonly JsonObject[]): JsonObject {
  const keys = new Set(objects.flatMap((object) => Object.keys(object)));
  const sums = [...keys].map((key): [string, unknown] => [key, sumOf(key, objects)]);
  const sum: JsonObject = Object.fromEntries(sums);
  if (!keys.has("unpriced_requests")) return sum;
  // Null where tokens were used, and of none the price is known.
  const isUnknown = numberOf(sum["priced_requests"]) === 0 && numberOf(sum["unpriced_requests"]) > 0;
  return { ...sum, cost_usd: isUnknown ? null : numberOf(sum["cost_usd"]) };
}

function sumOf(key: string, objects: readonly JsonObject[]): unknown {
  const values = objects.map((object) => object[key]).filter((value) => value !== undefined);
  if (key === "latency_ms") return null;
  // The first message of each kind, with its line; the last of each limit.
  if (key === "failure_messages") return Object.assign({}, ...values.toReversed());
  if (values.some(Array.isArray)) return distinct(values.flat());
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length > 0) return exact(numbers.reduce((sum, value) => sum + value, 0));
  const inner = values.filter(isJsonObject);
  return inner.length > 0 ? sumMembers(inner) : (values.findLast((value) => value !== null) ?? null);
}

function costsOf(groups: unknown): JsonObject {
  if (!isJsonObject(groups)) return {};
  return Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [name, isJsonObject(group) ? group["cost_usd"] : null]),
  );
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Without the last digits that adding fractions of dollars leaves. */
function exact(value: number): number {
  return Number(value.toPrecision(15));
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
