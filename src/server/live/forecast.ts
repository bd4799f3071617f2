import type { RateLimitStatus } from "../../limiters/limiters.ts";

/** Nothing is forecast beyond; twice as far in each step, from a second. */
const maxForecastMs = 86_400_000;

/**
 * When a request would be sent that comes now, in milliseconds: when all its targets together have let through what waits ahead of it. What
 * is not known does not count: how large requests are before any was answered, how long answers take.
 *
 * @param waiting Of those for its model, how many come before it.
 * @param waitingInAll The same for all models; limits of all of them have to let those through as well.
 * @returns 0 where it may start at once, or nothing is known.
 */
export function forecastMs(targets: readonly RateLimitStatus[], waiting: number, waitingInAll: number): number {
  const first = targets.find(({ isUnreachable }) => !isUnreachable);
  if (first === undefined) return 0;
  const mayStart = (ms: number): boolean => {
    if (startsWithin(ms, first, true) < waitingInAll + 1) return false;
    let starts = 0;
    for (const target of targets) if (!target.isUnreachable) starts += startsAt(target, ms);
    return starts >= waiting + 1;
  };
  if (mayStart(0)) return 0;
  let [early, late] = [0, 1_000];
  while (!mayStart(late) && late < maxForecastMs) [early, late] = [late, late * 2];
  for (let step = 0; step < 10; step += 1) {
    const middle = (early + late) / 2;
    if (mayStart(middle)) late = middle;
    else early = middle;
  }
  return late;
}

/** How many requests a target lets start in a time. */
function startsAt(target: RateLimitStatus, ms: number): number {
  return ms < target.pauseMs ? 0 : startsWithin(ms - target.pauseMs, target, false);
}

/** By the limits that count the requests of all models and targets, or by the others. */
function startsWithin(ms: number, { limits, meanTokens }: RateLimitStatus, areCommon: boolean): number {
  let starts = Infinity;
  for (const { unit, amount, periodMs, available, isCommon = false } of limits) {
    const each = unit === "requests" ? 1 : unit === "tokens" ? meanTokens : 0;
    if (isCommon === areCommon && each > 0) starts = Math.min(starts, Math.max(0, available + (amount / periodMs) * ms) / each);
  }
  return starts;
}
