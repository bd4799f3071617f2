import { type ProgressFigures, percentDone } from "./figures.ts";
import { formatCount, formatDuration, formatRate, formatUsd } from "../text/format-numbers.ts";

/** For a log, of any width: `llmbatch: 1,200/10,000 (12 %)  ok 1,190  failed 10 …` */
export function formatPlainLine(figures: ProgressFigures): string {
  const percent = percentDone(figures);
  const start = percent === undefined ? formatDone(figures) : `${formatDone(figures)} (${percent} %)`;
  const texts = listFields(figures).map((field) => field.text);
  return `llmbatch: ${[start, ...texts].join(gap)}`;
}

/**
 * For a terminal, at most `width` columns: ` [====>     ] 12 %  1,200/10,000  ok 1,190 …`. If it is too narrow for all fields, the most
 * important are kept. It begins with a space, where the cursor rests, and is ASCII: one column for each character.
 */
export function formatBarLine(figures: ProgressFigures, width: number): string {
  const percent = percentDone(figures);
  const fields: Field[] = [{ rank: 2, text: formatDone(figures) }, ...listFields(figures)];
  if (percent !== undefined) fields.unshift({ rank: 1, text: `${percent} %` });
  const hasBar = percent !== undefined && width >= 60;
  const text = fit(fields, hasBar ? width - 1 - gap.length - minBarWidth : width - 1).join(gap);
  if (!hasBar) return ` ${text}`;
  return ` ${bar(percent, Math.min(maxBarWidth, width - 1 - gap.length - text.length))}${gap}${text}`;
}

/** For programs; the keys are stable. `null` for what is unknown. */
export function formatJsonLine(figures: ProgressFigures): string {
  return JSON.stringify({
    type: "progress",
    elapsed_seconds: rounded(figures.elapsedSeconds),
    requests_total: figures.total ?? null,
    requests_completed: figures.succeeded,
    requests_failed: figures.failed,
    requests_retrying: figures.retrying,
    cache_hits: figures.fromCache,
    in_flight: figures.inFlight,
    ...(figures.workers !== undefined && { workers: figures.workers }),
    total_tokens: figures.totalTokens,
    cost_usd: figures.costUsd,
    requests_per_second: rounded(figures.requestsPerSecond),
    tokens_per_second: rounded(figures.tokensPerSecond),
    limit: figures.limit ?? null,
    limit_amount: figures.limitAmount ?? null,
    pause_seconds: rounded(figures.pauseSeconds),
    eta_seconds: figures.secondsLeft === undefined ? null : rounded(figures.secondsLeft),
  });
}

interface Field {
  /** 1 is kept longest. */
  readonly rank: number;
  readonly text: string;
}

const gap = "  ";
const minBarWidth = 12;
const maxBarWidth = 42;

function formatDone({ done, total }: ProgressFigures): string {
  return total === undefined ? `${formatCount(done)} done` : `${formatCount(done)}/${formatCount(total)}`;
}

function listFields(figures: ProgressFigures): Field[] {
  const fields = [
    { rank: 7, text: `ok ${formatCount(figures.succeeded)}` },
    { rank: 3, text: `failed ${formatCount(figures.failed)}` },
    { rank: 11, text: `cached ${formatCount(figures.fromCache)}` },
  ];
  if (figures.retrying > 0) fields.push({ rank: 10, text: `retrying ${formatCount(figures.retrying)}` });
  fields.push(
    { rank: 5, text: `${formatRate(figures.requestsPerSecond)} req/s` },
    { rank: 12, text: `${formatRate(figures.tokensPerSecond)} tok/s` },
    ...(figures.workers === undefined ? [] : [{ rank: 8, text: `workers ${formatCount(figures.workers)}` }]),
    { rank: 9, text: `in flight ${formatCount(figures.inFlight)}` },
  );
  if (figures.costUsd !== null) fields.push({ rank: 6, text: formatUsd(figures.costUsd) });
  if (figures.limit !== undefined) fields.push({ rank: 8, text: formatLimit(figures) });
  if (figures.secondsLeft !== undefined) fields.push({ rank: 4, text: `ETA ${formatDuration(figures.secondsLeft)}` });
  return fields;
}

function formatLimit({ limit, limitAmount, isLimitLearned, pauseSeconds }: ProgressFigures): string {
  if (limit === "pause") return `paused ${formatDuration(Math.ceil(pauseSeconds))}`;
  const amount = limitAmount === undefined ? "" : ` ${formatCount(Math.round(limitAmount))}`;
  return `limit: ${limit}${amount}${isLimitLearned ? " (learned)" : ""}`;
}

/** The texts of the most important fields that fit, in the order given. */
function fit(fields: readonly Field[], width: number): string[] {
  const fitting = new Set<Field>();
  let taken = -gap.length;
  for (const field of fields.toSorted((a, b) => a.rank - b.rank)) {
    const wider = taken + gap.length + field.text.length;
    if (wider > width) continue;
    fitting.add(field);
    taken = wider;
  }
  return fields.filter((field) => fitting.has(field)).map((field) => field.text);
}

function bar(percent: number, width: number): string {
  const filled = Math.floor(((width - 2) * percent) / 100);
  const head = percent < 100 ? ">" : "";
  return `[${`${"=".repeat(filled)}${head}`.padEnd(width - 2)}]`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
