import { admissionLimit, type Limit, type LimitStatus } from "../../limiters/limiters.ts";
import type { LimitUnit, RateLimit } from "../../model/rate-limit.ts";

/** What a request takes, by what is counted. */
export type Taken = Readonly<Record<LimitUnit, number>>;

const nothing: Taken = { requests: 0, tokens: 0, "input-tokens": 0, "output-tokens": 0 };

/** What a request took of a client's limits, until it is known what it used. */
export interface Taking {
  /** @param used Undefined where it was never sent: all is given back. */
  settle(used: Taken | undefined): void;
}

/** A client's own limits. What goes beyond them is refused: it does not wait. */
export class ClientLimits {
  readonly #limits: readonly Limit[];
  readonly #clock: () => number;

  constructor(limits: readonly RateLimit[], clock: () => number) {
    this.#clock = clock;
    this.#limits = limits.map((limit) => admissionLimit(limit, clock));
  }

  status(model: string): LimitStatus[] {
    return this.#of(model).map(statusOf);
  }

  /** Those that count a model's requests. */
  #of(model: string): Limit[] {
    return this.#limits.filter(({ spec }) => spec.model === undefined || spec.model === model);
  }

  /** Milliseconds until a request may come; 0 if now. */
  waitMs(model: string, taken: Taken): number {
    return Math.max(0, ...this.#of(model).map((limit) => limit.waitMs(taken[limit.spec.unit])));
  }

  take(model: string, taken: Taken): Taking {
    const limits = this.#of(model);
    const takenAtMs = this.#clock();
    for (const limit of limits) limit.take(taken[limit.spec.unit]);
    return {
      settle: (used = nothing) => {
        for (const limit of limits) {
          const unused = taken[limit.spec.unit] - used[limit.spec.unit];
          // What was used beyond it counts from now on: the time of its start may be forgotten.
          if (unused < 0) limit.take(-unused);
          else limit.giveBack(unused, takenAtMs);
        }
      },
    };
  }
}

function statusOf(limit: Limit): LimitStatus {
  const { spec, source } = limit;
  return { ...spec, source, available: limit.available(), used: limit.used() };
}
