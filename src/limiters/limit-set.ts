import { minuteMs, type RateLimit } from "../model/rate-limit.ts";
import type { Hold } from "./hold.ts";
import type { Limit } from "./limit.ts";
import type { LimitStatus } from "./limiter.ts";
import type { Weights } from "./weights.ts";

/** Limits that are taken from together: nothing is taken from one while another is waited for. */
export class LimitSet {
  #limits: readonly Limit[];

  constructor(limits: readonly Limit[] = []) {
    this.#limits = limits;
  }

  get areSet(): boolean {
    return this.#limits.length > 0;
  }

  status(): LimitStatus[] {
    return this.#limits.map((limit) => ({ ...limit.spec, source: limit.source, available: limit.available() }));
  }

  add(limit: Limit): void {
    this.#limits = [...this.#limits, limit];
  }

  remove(limit: Limit): void {
    this.#limits = this.#limits.filter((other) => other !== limit);
  }

  /** @returns the limit that is waited for longest; undefined if all have room. */
  hold(weights: Weights): Hold | undefined {
    let hold: Hold | undefined;
    for (const limit of this.#limits) {
      const waitMs = limit.waitMs(weights[limit.spec.measure]);
      if (waitMs > (hold?.waitMs ?? 0))
        hold = { binding: limit.spec.measure, waitMs, amount: limit.spec.amount, source: limit.source };
    }
    return hold;
  }

  take(weights: Weights): void {
    for (const limit of this.#limits) limit.take(weights[limit.spec.measure]);
  }

  giveBack(unused: Weights, takenAtMs: number): void {
    for (const limit of this.#limits) {
      const weight = unused[limit.spec.measure];
      if (weight !== 0) limit.giveBack(weight, takenAtMs);
    }
  }

  /** How many requests of such weights all limits together let start in a millisecond; Infinity if there are none. */
  startsPerMs(weights: Weights): number {
    let fewest = Infinity;
    for (const { spec } of this.#limits) fewest = Math.min(fewest, startsPerMs(spec, weights));
    return fewest;
  }

  /** A limit that a request would exceed all by itself. */
  exceededBy(weights: Weights): RateLimit | undefined {
    return this.#limits.find(({ spec }) => weights[spec.measure] > spec.amount)?.spec;
  }
}

/** How many requests of such weights a limit lets start in a millisecond. Longer ones than a minute's are no pace. */
export function startsPerMs({ measure, amount, periodMs }: RateLimit, weights: Weights): number {
  return periodMs > minuteMs ? Infinity : amount / periodMs / weights[measure];
}
