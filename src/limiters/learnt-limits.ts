import { minuteMs, type Measure, type RateLimit, type RateLimitReport } from "../model/rate-limit.ts";
import type { LimitSet } from "./limit-set.ts";
import { PacedLimit } from "./paced-limit.ts";

export interface LearntLimitsOptions {
  readonly model: string;
  /** Where limits are put once they are known. */
  readonly limits: LimitSet;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onLearnt: (limit: RateLimit) => void;
}

/**
 * Limits that a provider tells of in its responses. Those by the minute or less become limits that are kept; those of longer periods do
 * not: a day's limit is no pace, and when it is used up the provider says until when.
 */
export class LearntLimits {
  readonly #options: LearntLimitsOptions;
  readonly #known = new Map<Measure, PacedLimit>();

  constructor(options: LearntLimitsOptions) {
    this.#options = options;
  }

  get areKnown(): boolean {
    return this.#known.size > 0;
  }

  /** @param startedAtMs When the request was sent with whose response these reports came. */
  observe(reports: readonly RateLimitReport[], startedAtMs: number): void {
    for (const report of reports) {
      if (report.periodMs > minuteMs || !isTightest(report, reports)) continue;
      const limit = this.#learn(report);
      // How old the figure is nobody knows, but not older than the request.
      if (report.remaining !== undefined) limit.lower(report.remaining, this.#options.clock() - startedAtMs);
    }
  }

  #learn({ measure, limit: amount, periodMs }: RateLimitReport): PacedLimit {
    const { model, limits, clock, onLearnt } = this.#options;
    const known = this.#known.get(measure);
    if (known?.spec.amount === amount) return known;
    const spec = { measure, amount, periodMs, model };
    onLearnt(spec);
    if (known !== undefined) {
      known.setAmount(amount);
      return known;
    }
    const learnt = new PacedLimit(spec, "headers", clock);
    // Those that were under way before have taken their part already.
    learnt.lower(1, 0);
    this.#known.set(measure, learnt);
    limits.add(learnt);
    return learnt;
  }
}

/** A provider may report two limits on one measure, of a project and of its organisation; the smaller one counts. */
function isTightest(report: RateLimitReport, reports: readonly RateLimitReport[]): boolean {
  return !reports.some(({ measure, limit }) => measure === report.measure && limit < report.limit);
}
