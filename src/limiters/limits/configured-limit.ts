import { minuteMs, type RateLimit } from "../../model/rate-limit.ts";
import type { Limit } from "./limit.ts";
import { PacedLimit } from "./paced-limit.ts";
import { QuotaLimit } from "./quota-limit.ts";

/** A limit that the user set: up to a minute it is a pace, beyond that a quota, which may be used up at once. */
export function configuredLimit(spec: RateLimit, clock: () => number): Limit {
  return spec.periodMs <= minuteMs ? new PacedLimit(spec, "configured", clock) : new QuotaLimit(spec, clock);
}
