import type { RateLimit, Weights } from "../../model/rate-limit.ts";
import type { BlockedBy, Ended, Gate, Start, Started } from "../gate.ts";
import type { LimitStatus } from "../limiter.ts";
import { type Limit, startsPerMs } from "./limit.ts";

const none: readonly LimitStatus[] = [];

/** Limits that are taken from together: nothing is taken from one while another is waited for. */
export class LimitSet implements Gate {
  #limits: readonly Limit[];

  constructor(limits: readonly Limit[] = []) {
    this.#limits = limits;
  }

  get areSet(): boolean {
    return this.#limits.length > 0;
  }

  /** @param isCommon They count the requests of all models and targets. */
  status(isCommon = false): readonly LimitStatus[] {
    if (!this.areSet) return none;
    return this.#limits.map((limit) => {
      const { spec, source } = limit;
      const status = { ...spec, source, available: limit.available(), used: limit.used(), saturation: limit.saturation() };
      return isCommon ? { ...status, isCommon } : status;
    });
  }

  add(limit: Limit): void {
    this.#limits = [...this.#limits, limit];
  }

  remove(limit: Limit): void {
    this.#limits = this.#limits.filter((other) => other !== limit);
  }

  /** @returns the limit that is waited for longest; undefined if all have room. */
  blockedBy({ weights }: Pick<Start, "weights">): BlockedBy | undefined {
    let maxWaitMs = 0;
    let blocking: Limit | undefined;
    for (const limit of this.#limits) {
      const waitMs = limit.waitMs(weights[limit.spec.unit]);
      if (waitMs <= maxWaitMs) continue;
      maxWaitMs = waitMs;
      blocking = limit;
    }
    if (blocking === undefined) return undefined;
    const { spec, source } = blocking;
    return { reason: spec.unit, waitMs: maxWaitMs, amount: spec.amount, source };
  }

  started({ weights }: Pick<Start, "weights">): void {
    for (const limit of this.#limits) limit.take(weights[limit.spec.unit]);
  }

  ended({ unused, start }: Pick<Ended, "unused"> & { readonly start: Pick<Started, "atMs"> }): void {
    for (const limit of this.#limits) {
      const weight = unused[limit.spec.unit];
      if (weight !== 0) limit.giveBack(weight, start.atMs);
    }
  }

  /** How many requests of such weights all limits together let start in a millisecond; Infinity if there are none. */
  startsPerMs(weights: Weights): number {
    return startsPerMs(
      this.#limits.map(({ spec }) => spec),
      weights,
    );
  }

  /** A limit that a request would exceed all by itself. */
  exceededBy(weights: Weights): RateLimit | undefined {
    return this.#limits.find(({ spec }) => weights[spec.unit] > spec.amount)?.spec;
  }
}
