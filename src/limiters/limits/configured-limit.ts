import { ConfigurationError } from "../../model/errors.ts";
import { describeRateLimit, type RateLimit } from "../../model/rate-limit.ts";
import { isPace, type Limit } from "./limit.ts";
import { PacedLimit } from "./paced-limit.ts";
import { QuotaLimit } from "./quota-limit.ts";

/**
 * A limit that the user set: up to a minute, or with a burst, it is a pace, beyond that a quota, which may be used up at once.
 *
 * @throws ConfigurationError as `checkLimit` does.
 */
export function configuredLimit(spec: RateLimit, clock: () => number): Limit {
  checkLimit(spec);
  return isPace(spec) ? new PacedLimit(spec, "configured", clock) : new QuotaLimit(spec, clock);
}

/**
 * A limit that rejects instead of pacing: its amount in any span of its period may be used at once. With a burst it is a pace.
 *
 * @throws ConfigurationError as `checkLimit` does.
 */
export function admissionLimit(spec: RateLimit, clock: () => number): Limit {
  checkLimit(spec);
  return spec.burst === undefined ? new QuotaLimit(spec, clock) : new PacedLimit(spec, "configured", clock);
}

/** @throws ConfigurationError when its amount or period is no finite number above 0. */
export function checkLimit(limit: RateLimit): void {
  const isGood = [limit.amount, limit.periodMs, limit.burst ?? 1].every((value) => Number.isFinite(value) && value > 0);
  if (!isGood)
    throw new ConfigurationError(`A limit must be a number above 0 in a time above 0, not ${describeRateLimit(limit)}.`);
}
