import type { LimitStatus, RateLimitStatus } from "../../limiters/limiters.ts";

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
  const usable = targets.filter(({ isUnreachable }) => !isUnreachable);
  const [first] = usable;
  if (first === undefined) return 0;
  const mayStart = (ms: number): boolean => {
    const common = first.limits.filter(({ isCommon }) => isCommon);
    if (startsWithin(ms, common, first.meanTokens) < waitingInAll + 1) return false;
    return usable.reduce((sum, target) => sum + startsAt(target, ms), 0) >= waiting + 1;
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
function startsAt({ limits, pauseMs, meanTokens }: RateLimitStatus, ms: number): number {
  const own = limits.filter(({ isCommon }) => !isCommon);
  return ms < pauseMs ? 0 : startsWithin(ms - pauseMs, own, meanTokens);
}

function startsWithin(ms: number, limits: readonly LimitStatus[], meanTokens: number): number {
  return Math.min(
    Infinity,
    ...limits.map(({ unit, amount, periodMs, available }) => {
      const each = unit === "requests" ? 1 : unit === "tokens" ? meanTokens : 0;
      return each === 0 ? Infinity : Math.max(0, available + (amount / periodMs) * ms) / each;
    }),
  );
}
