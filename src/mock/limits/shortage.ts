import type { Allowance } from "./allowance.ts";
import { ceilMs } from "./duration.ts";
import type { Refusal } from "./rate-limits.ts";

/** One limit, and what a request wants of it. */
export interface Want {
  readonly type: Refusal["type"];
  /** undefined: no limit. */
  readonly allowance: Allowance | undefined;
  readonly cost: number;
}

/** @returns the want that has to wait for longest, as a refusal; undefined if none has to wait. */
export function findShortage(wants: readonly Want[]): Refusal | undefined {
  let longestMs = 0;
  let shortest: Refusal | undefined;
  for (const { type, allowance, cost } of wants) {
    const waitMs = allowance?.waitMs(cost) ?? 0;
    if (allowance === undefined || waitMs <= longestMs) continue;
    longestMs = waitMs;
    shortest = refusal(type, allowance, cost, waitMs);
  }
  return shortest;
}

function refusal(type: Refusal["type"], allowance: Allowance, requested: number, waitMs: number): Refusal {
  const limit = allowance.perMinute;
  return { type, limit, used: limit - allowance.available(), requested, retryAfterMs: Math.max(1, ceilMs(waitMs)) };
}
