import { minuteMs, type LimitSource, type RateLimit, type Weights } from "../../model/rate-limit.ts";

/** One limit on one unit. Weights are requests or tokens, times monotonic milliseconds. */
export interface Limit {
  readonly spec: RateLimit;
  readonly source: LimitSource;
  /** How much can start now; below 0 while a debt is paid off. */
  available(): number;
  /** How much of it was used in the last minute, or in its period. */
  used(): number;
  /** How much of it was used: of a minute's or less in the last minute, else in its period. 0 to 1. */
  saturation(): number;
  /** Until `weight` can start; 0 if now. What is larger than the limit can ever hold can start when that is full. */
  waitMs(weight: number): number;
  take(weight: number): void;
  /** Corrects what was taken at `takenAtMs`: gives back, or with a negative `weight` takes more. */
  giveBack(weight: number, takenAtMs: number): void;
}

/** How many requests of such weights all of the limits let start in a millisecond; Infinity where none is a pace: longer ones than a minute's. */
export function startsPerMs(limits: Iterable<RateLimit>, weights: Weights): number {
  let min = Infinity;
  for (const { unit, amount, periodMs } of limits)
    if (periodMs <= minuteMs) min = Math.min(min, amount / periodMs / weights[unit]);
  return min;
}

/** Whether a limit that the user set is used evenly. If not, it is a quota, which may be used up at once. */
export function isPace({ burst, periodMs }: RateLimit): boolean {
  return burst !== undefined || periodMs <= minuteMs;
}
