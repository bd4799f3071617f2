import { minuteMs, type LimitSource, type RateLimit } from "../model/rate-limit.ts";
import { PacedLimit } from "./paced-limit.ts";
import { QuotaLimit } from "./quota-limit.ts";

/** One limit on one measure. Weights are requests or tokens, times monotonic milliseconds. */
export interface Limit {
  readonly spec: RateLimit;
  readonly source: LimitSource;
  /** How much can be started now; below 0 while a debt is being paid off. */
  available(): number;
  /** Until `weight` can be started; 0 if now. What is larger than the limit can ever hold can start when that is full. */
  waitMs(weight: number): number;
  take(weight: number): void;
  /** Corrects what was taken at `takenAtMs`: gives back, or with a negative `weight` takes more. */
  giveBack(weight: number, takenAtMs: number): void;
}

/** A limit that the user set: up to a minute it is a pace, beyond that a quota, which may be used up at once. */
export function configuredLimit(spec: RateLimit, clock: () => number): Limit {
  return spec.periodMs <= minuteMs ? new PacedLimit(spec, "configured", clock) : new QuotaLimit(spec, clock);
}
