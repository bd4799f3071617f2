import { limitUnits, type RateLimit } from "../model/rate-limit.ts";
import { parseDurationMs } from "./duration.ts";

export const rateLimitExample = "requests=10000/1d, or gpt-5.4-mini:tokens=1e6/1m";

/**
 * Parses a rate limit: `[MODEL:]UNIT=AMOUNT/PERIOD[,burst=AMOUNT]`. Without a model all models share it.
 *
 * @returns undefined if `text` is not a rate limit.
 */
export function parseRateLimit(text: string): RateLimit | undefined {
  const [, model, name, figure, period, size] =
    /^(?:(.+):)?([a-z-]+)=([\d.e+]+)\/([^,]+)(?:, *burst=([\d.e+]+))?$/i.exec(text.trim()) ?? [];
  const unit = limitUnits.find((known) => known === name);
  const amount = Number(figure);
  const periodMs = parseDurationMs(/^\D/.test(period ?? "") ? `1${period}` : (period ?? ""));
  if (unit === undefined || !(amount > 0) || !Number.isFinite(amount) || periodMs === undefined || periodMs === 0)
    return undefined;
  const burst = size === undefined ? undefined : Number(size);
  if (burst !== undefined && !(burst > 0 && Number.isFinite(burst))) return undefined;
  return { unit, amount, periodMs, model, burst };
}
