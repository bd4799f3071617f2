import { minuteMs, type LimitUnit, type RateLimit, type RateLimitReport } from "../../model/rate-limit.ts";
import type { Ended, Gate, Started } from "../gate.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import { PacedLimit } from "../limits/paced-limit.ts";

export interface LearnedLimitsOptions {
  readonly model: string;
  /** Where limits are put once they are known. */
  readonly limits: LimitSet;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onLearned: (limit: RateLimit, source: RateLimitReport["source"]) => void;
  /** Those that the user set, which have counted everything from the start. */
  readonly configured?: readonly RateLimit[];
}

/**
 * Limits that a provider tells, in headers or in the words of a rejection. Those by the minute or less are kept to. A day's limit is no
 * pace, and when it is used up the provider says until when.
 */
export class LearnedLimits implements Gate {
  /** Whether headers tell them, and with every response what is left. */
  areInHeaders = false;
  /** When the last limit became known that was not known before. */
  learnedAtMs: number = -Infinity;
  readonly #options: LearnedLimitsOptions;
  readonly #known = new Map<LimitUnit, PacedLimit>();

  constructor(options: LearnedLimitsOptions) {
    this.#options = options;
  }

  ended({
    attempt,
    start,
    inFlight,
  }: Pick<Ended, "attempt" | "inFlight"> & { readonly start: Pick<Started, "atMs" | "weights"> }): void {
    const reports = attempt.rateLimits ?? [];
    for (const report of reports) {
      if (report.periodMs > minuteMs || !isTightest(report, reports)) continue;
      const isNew = !this.#known.has(report.unit);
      const limit = this.#learn(report);
      const { unit, remaining, source } = report;
      if (isNew) this.learnedAtMs = this.#options.clock();
      this.areInHeaders ||= source === "headers";
      // Those in flight took their part before this request was rejected, or are rejected as well.
      const others = source === "errors" ? 0 : inFlight - 1;
      if (isNew && !this.#isConfigured(report)) limit.begin(remaining, others, start.weights[unit]);
      // The age of the figure is not known, but it is not older than the request.
      else if (remaining !== undefined)
        limit.lower(source === "headers" ? maxRemaining(unit, remaining) : remaining, this.#options.clock() - start.atMs);
    }
  }

  /** Then the configured one has counted what was in flight when this one became known. */
  #isConfigured({ unit, limit, periodMs }: RateLimitReport): boolean {
    const { configured = [] } = this.#options;
    return configured.some((set) => set.unit === unit && set.periodMs === periodMs && set.amount <= limit);
  }

  #learn({ unit, limit: amount, periodMs, source }: RateLimitReport): PacedLimit {
    const { model, limits, clock, onLearned } = this.#options;
    const known = this.#known.get(unit);
    // Late in a window that is reset as a whole, a header looks like one of a shorter period.
    if (known?.spec.amount === amount && known.spec.periodMs >= periodMs) return known;
    const spec = { unit, amount, periodMs, model };
    onLearned(spec, source);
    if (known !== undefined) {
      known.resize(amount, periodMs);
      return known;
    }
    const learned = new PacedLimit(spec, source, clock);
    this.#known.set(unit, learned);
    limits.add(learned);
    return learned;
  }
}

/** Anthropic, whose headers alone tell input and output apart, rounds to the nearest thousand (Claude API, rate limits). */
function maxRemaining(unit: LimitUnit, remaining: number): number {
  const isRounded = (unit === "input-tokens" || unit === "output-tokens") && remaining % 1_000 === 0;
  return isRounded ? remaining + 500 : remaining;
}

/** A provider may report two limits on one unit, of a project and of its organisation; the smaller one counts. */
function isTightest(report: RateLimitReport, reports: readonly RateLimitReport[]): boolean {
  const perMs = report.limit / report.periodMs;
  return !reports.some(({ unit, limit, periodMs }) => unit === report.unit && periodMs <= minuteMs && limit / periodMs < perMs);
}
