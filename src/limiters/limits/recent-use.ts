import type { RateLimit } from "../../model/rate-limit.ts";
import { RateWindow } from "../../model/counting/rate-window.ts";

const seconds = 60;

/** What was used of a limit in the last minute, or since it was first used. Times are monotonic milliseconds. */
export class RecentUse {
  readonly #window = new RateWindow();
  #beganAtMs: number | undefined;

  /** Takes constant time. */
  add(weight: number, nowMs: number): void {
    this.#beganAtMs ??= nowMs;
    this.#window.add(weight, nowMs - this.#beganAtMs);
  }

  /** In the last minute, or in the limit's period if that is shorter. */
  of({ periodMs }: RateLimit, nowMs: number): number {
    if (this.#beganAtMs === undefined) return 0;
    const sum = this.#window.sum(Math.min(seconds, Math.ceil(periodMs / 1000)), nowMs - this.#beganAtMs);
    return Math.max(0, sum); // more than was taken lately may be given back
  }

  /** 0 to 1. */
  shareOf({ amount, periodMs }: RateLimit, nowMs: number): number {
    return this.#beganAtMs === undefined
      ? 0
      : share(this.#window.perSecond(seconds, nowMs - this.#beganAtMs), (amount / periodMs) * 1000);
  }
}

/** 0 to 1: what is given back may be more than what was taken lately, and a burst more than the pace. */
export function share(used: number, allowed: number): number {
  return Math.min(1, Math.max(0, used / allowed));
}
