const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Far below any clock: what adding up fractions leaves behind, which must not become a whole millisecond. */
const roundingErrorMs = 1e-6;

/** Whole milliseconds, rounded up, so that who waits so long does not come early. */
export function ceilMs(spanMs: number): number {
  return Math.max(0, Math.ceil(spanMs - roundingErrorMs));
}

/** Writes a time span as OpenAI's rate-limit headers do: `0s`, `120ms`, `7.66s`, `6m0s`, `1h0m2.5s`. Rounded up to the millisecond. */
export function formatResetTime(spanMs: number): string {
  const wholeMs = ceilMs(spanMs);
  if (wholeMs === 0) return "0s";
  if (wholeMs < 1000) return `${wholeMs}ms`;
  const hours = Math.floor(wholeMs / hourMs);
  const minutes = Math.floor((wholeMs % hourMs) / minuteMs);
  const seconds = `${(wholeMs % minuteMs) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
