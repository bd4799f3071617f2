import type { TokenStats } from "../../stats/stats.ts";
import { describePlace, type Locate, locateInOnlyInput } from "../input/locate.ts";
import { formatCount, formatDuration, formatMilliseconds, formatRate } from "../progress/format-numbers.ts";
import { printable } from "../terminal/printable.ts";

/** The run's files, as far as they were written. */
interface SummaryPaths {
  readonly outputPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly statsPath?: string | undefined;
  readonly logPath?: string | undefined;
  readonly bodiesPath?: string | undefined;
}

/**
 * Summarises a run in a few aligned lines, without a final line feed. Call `stats.end()` first.
 *
 * @param locate Finds the first line of each kind of failure.
 */
export function formatSummary(stats: TokenStats, paths: SummaryPaths = {}, locate: Locate = locateInOnlyInput): string {
  const rows = [...lineRows(stats, locate), ...tokenRows(stats), ...attemptRows(stats), ...pathRows(paths)];
  return rows.map(([name, text]) => `  ${name.padEnd(12)}${text}`).join("\n");
}

type Row = readonly [name: string, text: string];

function lineRows(stats: TokenStats, locate: Locate): Row[] {
  const { requestsCompleted: completed, requestsFailed: failed, requestsSkipped: skipped } = stats;
  const width = Math.max(...[completed, failed, skipped].map((count) => formatCount(count).length));
  const row = (name: string, count: number, details: Readonly<Record<string, number>>): Row => [
    name,
    `${formatCount(count).padStart(width)}${inBrackets(list(details))}`,
  ];
  const kinds = Object.entries(stats.failures).toSorted(([, a], [, b]) => b - a);
  return [
    row("answered", completed, { "from cache": stats.cacheHits, deduplicated: stats.deduplicated, "cut off": stats.cutOff }),
    row("failed", failed, Object.fromEntries(kinds)),
    ...failureRows(stats, locate),
    row("skipped", skipped, {}),
  ];
}

const maxMessageLength = 300;

/** Of each kind the commonest message. */
function failureRows({ failureMessages }: TokenStats, locate: Locate): Row[] {
  return failureMessages.map(([kind, { message, lineNumber }]) => [
    "",
    `${kind}, ${printable(describePlace(locate(lineNumber)))}: ${printable(message, maxMessageLength)}`,
  ]);
}

function tokenRows(stats: TokenStats): Row[] {
  const rows: Row[] = [["tokens", describeTokens(stats)]];
  if (stats.cacheHits > 0) rows.push(["from cache", describeTokens(stats.fromCache)]);
  return rows;
}

function attemptRows(stats: TokenStats): Row[] {
  const time = `${formatDuration(stats.elapsedSeconds)}${inBrackets(`${formatRate(stats.requestsPerSecond)} req/s, ${formatRate(stats.tokensPerSecond)} tok/s`)}`;
  const rows: Row[] = [
    ["attempts", `${formatCount(stats.attempts)}${inBrackets(list({ retries: stats.retries, throttled: stats.rateLimited }))}`],
    ["time", time],
  ];
  const latency = stats.latencyMs;
  if (latency === null) return rows;
  const { p50, p90, p99, max } = latency;
  const figures = Object.entries({ p50, p90, p99, max }).map(([name, value]) => `${name} ${formatMilliseconds(value)}`);
  return [...rows, ["latency", figures.join("  ")]];
}

function pathRows(paths: SummaryPaths): Row[] {
  const rows = [
    ["output", paths.outputPath],
    ["errors", paths.errorsPath],
    ["stats", paths.statsPath],
    ["log", paths.logPath],
    ["bodies", paths.bodiesPath],
  ] as const;
  return rows.flatMap(([name, path]) => (path === undefined ? [] : [[name, printable(path)]]));
}

type TokenCounts = Pick<TokenStats, "promptTokens" | "completionTokens" | "cachedTokens" | "reasoningTokens">;

function describeTokens(tokens: TokenCounts): string {
  const prompt = `prompt ${formatCount(tokens.promptTokens)}${inBrackets(list({ cached: tokens.cachedTokens }))}`;
  const completion = `completion ${formatCount(tokens.completionTokens)}${inBrackets(list({ reasoning: tokens.reasoningTokens }))}`;
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
