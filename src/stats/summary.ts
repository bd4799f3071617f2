import { formatAmount, formatCount, formatDuration, formatMilliseconds, formatRate, formatUsd } from "../text/format-numbers.ts";
import { formatRows, type Row } from "../text/format-rows.ts";
import { printable } from "../text/printable.ts";
import type { TokenStatsJson, UsageJson } from "./token-stats-json.ts";

/**
 * Summarises a run in a few aligned lines, without a final line feed.
 *
 * @param describeLine Says where the first line of a kind of failure stands.
 */
export function formatSummary(
  stats: TokenStatsJson,
  describeLine: (lineNumber: number) => string = (lineNumber) => `line ${lineNumber}`,
): string {
  return formatRows([...lineRows(stats, describeLine), ...tokenRows(stats), ...costRows(stats), ...attemptRows(stats)]);
}

function lineRows(stats: TokenStatsJson, describeLine: (lineNumber: number) => string): Row[] {
  const { requests_completed: completed, requests_failed: failed, requests_skipped: skipped } = stats;
  const width = Math.max(...[completed, failed, skipped].map((count) => formatCount(count).length));
  const row = (name: string, count: number, details: Readonly<Record<string, number>>): Row => [
    name,
    `${formatCount(count).padStart(width)}${inBrackets(list(details))}`,
  ];
  const { truncated_requests: truncated, sanitized_requests: sanitized } = stats;
  const changes = list({ truncated, sanitized });
  const kinds = Object.entries(stats.failures).toSorted(([, a], [, b]) => b - a);
  return [
    row("answered", completed, {
      "from cache": stats.cache_hits,
      deduplicated: stats.deduplicated,
      "cut off": stats.cut_answers,
    }),
    row("failed", failed, Object.fromEntries(kinds)),
    ...failureRows(stats, describeLine),
    row("skipped", skipped, {}),
    ...(changes === "" ? [] : [["changed", changes] as const]),
  ];
}

const maxMessageLength = 300;
const maxNameLength = 60;

/** Of each kind the commonest message. */
function failureRows({ failure_messages: messages }: TokenStatsJson, describeLine: (lineNumber: number) => string): Row[] {
  return Object.entries(messages).map(([kind, { message, line_number: lineNumber }]) => [
    "",
    `${kind}, ${printable(describeLine(lineNumber))}: ${printable(message, maxMessageLength)}`,
  ]);
}

function tokenRows(stats: TokenStatsJson): Row[] {
  const rows: Row[] = [["tokens", describeTokens(stats)]];
  if (stats.cache_hits > 0) rows.push(["from cache", describeTokens(stats.from_cache)]);
  return rows;
}

const maxModelsShown = 3;

/** What it cost, what is not in that, and what the cache saved. No rows where nothing was used or saved. */
function costRows(stats: TokenStatsJson): Row[] {
  const { cost_usd: cost, cost_reported_usd: reported, cost_saved_usd: saved, priced_requests: priced } = stats;
  if (priced + stats.unpriced_requests === 0 && !saved) return [];
  const details = [
    ...(reported > 0 ? [`${reported === cost ? "as" : formatUsd(reported)} reported by the provider`] : []),
    ...(saved !== null && saved > 0 ? [`${formatUsd(saved)} saved by the cache`] : []),
    ...(stats.prices_date !== null && priced > 0 ? [`list prices of ${stats.prices_date}`] : []),
  ];
  return [["cost", `${formatUsd(cost)}${inBrackets(details.join(", "))}`], ...unpricedRows(stats)];
}

function unpricedRows({ unpriced_requests: count, by_model: models }: TokenStatsJson): Row[] {
  if (count === 0) return [];
  const names = Object.keys(models).filter((name) => (models[name]?.unpriced_requests ?? 0) > 0);
  const shown = names.slice(0, maxModelsShown).map((name) => printable(name, maxNameLength));
  const more = names.length > shown.length ? [`${names.length - shown.length} more`] : [];
  return [["", `no price for ${formatAmount(count, "request")}: ${[...shown, ...more].join(", ")}`]];
}

function attemptRows(stats: TokenStatsJson): Row[] {
  const time = `${formatDuration(stats.elapsed_seconds)}${inBrackets(`${formatRate(stats.requests_per_second)} req/s, ${formatRate(stats.tokens_per_second)} tok/s`)}`;
  const rows: Row[] = [
    ["attempts", `${formatCount(stats.attempts)}${inBrackets(list({ retries: stats.retries, throttled: stats.rate_limited }))}`],
    ["time", time],
  ];
  const latency = stats.latency_ms;
  if (latency === null) return rows;
  const { p50, p90, p99, max } = latency;
  const figures = Object.entries({ p50, p90, p99, max }).map(([name, value]) => `${name} ${formatMilliseconds(value)}`);
  return [...rows, ["latency", figures.join("  ")]];
}

function describeTokens(tokens: UsageJson): string {
  const prompt = `prompt ${formatCount(tokens.prompt_tokens)}${inBrackets(list({ cached: tokens.cached_tokens, "written to the cache": tokens.cache_write_tokens }))}`;
  const completion = `completion ${formatCount(tokens.completion_tokens)}${inBrackets(list({ reasoning: tokens.reasoning_tokens }))}`;
  return `${prompt}  ${completion}`;
}

/** `timeout 7, network 3`; zeros are left out. */
function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${formatCount(count)}`)
    .join(", ");
}

function inBrackets(details: string): string {
  return details === "" ? "" : `  (${details})`;
}
