import type { Allowance } from "./allowance.ts";
import { ceilMs } from "../../text/reset-time.ts";
import type { Shortage } from "./rate-limits.ts";

/** One limit, and what a request wants of it. */
interface Want {
  readonly type: Shortage["type"];
  /** undefined: no limit. */
  readonly allowance: Allowance | undefined;
  readonly cost: number;
}

/** @returns the want with the longest wait; undefined if none has to wait. */
export function findShortage(wants: readonly Want[]): Shortage | undefined {
  let maxWaitMs = 0;
  let found: Shortage | undefined;
  for (const { type, allowance, cost } of wants) {
    if (allowance === undefined) continue;
    const limit = allowance.perMinute;
    // Before the wait: the allowance refills between the two, and a 429 never tells of room that its request could have had.
    const used = limit - allowance.available();
    const waitMs = allowance.waitMs(cost);
    if (waitMs <= maxWaitMs) continue;
    maxWaitMs = waitMs;
    found = { type, limit, used, requested: cost, retryAfterMs: Math.max(1, ceilMs(waitMs)) };
  }
  return found;
}
