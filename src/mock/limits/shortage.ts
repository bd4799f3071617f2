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
    const waitMs = allowance?.waitMs(cost) ?? 0;
    if (allowance === undefined || waitMs <= maxWaitMs) continue;
    maxWaitMs = waitMs;
    found = shortageOf(type, allowance, cost, waitMs);
  }
  return found;
}

function shortageOf(type: Shortage["type"], allowance: Allowance, requested: number, waitMs: number): Shortage {
  const limit = allowance.perMinute;
  return { type, limit, used: limit - allowance.available(), requested, retryAfterMs: Math.max(1, ceilMs(waitMs)) };
}
