import type { RateLimit } from "../../model/rate-limit.ts";
import { isPace } from "./limit.ts";
import { usages } from "./paced-limit.ts";
import { quotaPieces } from "./quota-limit.ts";

/** How long a lease may be used once its turn has come. What is used so late may come together with what follows. */
export const leaseUsableMs = 80;

/** A token bucket that several processes take from, in units and milliseconds. */
export interface SharedBucket {
  readonly kind: "pace";
  readonly perMs: number;
  /** It never holds more. */
  readonly capacity: number;
  /** What is left for jitter on the way. What is larger than the rest waits until the bucket is full. */
  readonly spare: number;
  /** What it holds before it was ever used. */
  readonly first: number;
}

/** An amount in any span of a long period, which is remembered in so many pieces. */
export interface SharedQuota {
  readonly kind: "quota";
  readonly amount: number;
  readonly pieces: number;
  readonly pieceMs: number;
}

/** Of a second's worth of tokens, which providers let through at once. A part is for several processes' jitter, and for what is used late. */
const tokensSpareMs = 400;
/** Of requests there is no burst, except that a few may start together. With what is used late it is a tenth of a second's worth. */
const requestsCapacityMs = 20;

/** How several processes keep a limit together: up to a minute, or with a burst, as a pace, beyond that as a quota. */
export function sharedPaceOf(limit: RateLimit): SharedBucket | SharedQuota {
  const { unit, amount, periodMs, burst } = limit;
  if (!isPace(limit)) return { kind: "quota", amount, pieces: quotaPieces, pieceMs: periodMs / quotaPieces };
  const flowPerMs = amount / periodMs;
  const { share, capacityMs } = usages[unit];
  const perMs = flowPerMs * share;
  if (unit !== "requests") {
    const spare = flowPerMs * tokensSpareMs;
    const capacity = Math.max(1 + spare, (burst ?? 0) + spare, flowPerMs * capacityMs);
    return { kind: "pace", perMs, capacity, spare, first: capacity };
  }
  if (burst === undefined)
    return { kind: "pace", perMs, capacity: Math.max(1, flowPerMs * requestsCapacityMs), spare: 0, first: 1 };
  // Leases that are used late are part of the burst.
  const capacity = Math.max(1, burst - flowPerMs * leaseUsableMs);
  return { kind: "pace", perMs, capacity, spare: 0, first: capacity };
}
