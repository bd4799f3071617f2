import type { LimitStatus, RateLimitStatus } from "../../limiters/limiters.ts";
import { formatResetTime } from "../../text/reset-time.ts";

/** Of OpenAI's headers, by what is counted. */
const kinds = ["requests", "tokens"] as const;

interface Room {
  readonly amount: number;
  readonly left: number;
  /** Until all of it is there again. */
  readonly resetMs: number;
}

/**
 * What our own limits leave of a model, in OpenAI's headers: what all its targets leave together, or what they share, if that is less. The
 * provider's numbers are those of one key, and clients that steer by them would be misled.
 */
export function limitHeaders(targets: readonly Pick<RateLimitStatus, "limits">[]): Record<string, string> {
  const headers: Record<string, string> = {};
  if (targets.every(({ limits }) => limits.length === 0)) return headers;
  for (const kind of kinds) {
    const ofEach = targets.map(({ limits }) => tightest(limits.filter(({ unit, isCommon }) => unit === kind && !isCommon)));
    const common = tightest(targets[0]?.limits.filter(({ unit, isCommon }) => unit === kind && isCommon) ?? []);
    const room = lesser(common, together(ofEach));
    if (room === undefined) continue;
    headers[`x-ratelimit-limit-${kind}`] = String(Math.round(room.amount));
    headers[`x-ratelimit-remaining-${kind}`] = String(Math.floor(room.left));
    headers[`x-ratelimit-reset-${kind}`] = formatResetTime(Math.ceil(room.resetMs / 1000) * 1000);
  }
  return headers;
}

/** What flows in again is what was used. Undefined where other processes use the limit as well. */
function roomOf({ amount, periodMs, used }: LimitStatus): Room | undefined {
  if (used === undefined) return undefined;
  return { amount, left: Math.max(0, amount - used), resetMs: Math.min(1, used / amount) * periodMs };
}

function tightest(limits: readonly LimitStatus[]): Room | undefined {
  return limits.map(roomOf).reduce(lesser, undefined);
}

function lesser(one: Room | undefined, other: Room | undefined): Room | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.left < one.left ? other : one;
}

/** Undefined where one has no bound. */
function together(rooms: readonly (Room | undefined)[]): Room | undefined {
  const bounded = rooms.filter((room) => room !== undefined);
  if (bounded.length === 0 || bounded.length < rooms.length) return undefined;
  return bounded.reduce((sum, room) => ({
    amount: sum.amount + room.amount,
    left: sum.left + room.left,
    resetMs: Math.max(sum.resetMs, room.resetMs),
  }));
}
