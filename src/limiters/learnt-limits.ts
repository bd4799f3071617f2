import { minuteMs, type Measure, type RateLimit, type RateLimitReport } from "../model/rate-limit.ts";
import type { LimitSet } from "./limit-set.ts";
import { PacedLimit } from "./paced-limit.ts";
import type { Weights } from "./weights.ts";

export interface LearntLimitsOptions {
  readonly model: string;
  /** Where limits are put once they are known. */
  readonly limits: LimitSet;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onLearnt: (limit: RateLimit, source: RateLimitReport["source"]) => void;
  /** Those that the user set, which have counted everything from the start. */
  readonly configured?: readonly RateLimit[];
}

/** What is to be known of a request that was sent. */
export interface Asked {
  readonly atMs: number;
  readonly weights: Weights;
}

/**
 * Limits that a provider tells of, in its responses' headers or in its refusals. Those by the minute or less become limits that are kept; those of longer periods do
 * not: a day's limit is no pace, and when it is used up the provider says until when.
 */
export class LearntLimits {
  readonly #options: LearntLimitsOptions;
  readonly #known = new Map<Measure, PacedLimit>();
  #areInHeaders = false;

  constructor(options: LearntLimitsOptions) {
    this.#options = options;
  }

  /** Whether headers tell them, and with every response what is left. */
  get areInHeaders(): boolean {
    return this.#areInHeaders;
  }

  /**
   * @param asked The request with whose response these reports came: when it was sent, and what it took.
   * @param othersInFlight How many others are under way.
   * @returns whether one of the limits was not known before.
   */
  observe(reports: readonly RateLimitReport[], asked: Asked, othersInFlight: number): boolean {
    let hasTaught = false;
    for (const report of reports) {
      if (report.periodMs > minuteMs || !isTightest(report, reports)) continue;
      const isNew = !this.#known.has(report.measure);
      const limit = this.#learn(report);
      const { measure, remaining, source } = report;
      // Those under way have taken their part before somebody was refused, or are refused as well.
      const others = source === "errors" ? 0 : othersInFlight;
      hasTaught ||= isNew;
      this.#areInHeaders ||= source === "headers";
      if (isNew && !this.#isConfigured(report)) limit.begin(remaining, others, asked.weights[measure]);
      // How old the figure is nobody knows, but not older than the request.
      else if (remaining !== undefined)
        limit.lower(source === "headers" ? mostRemaining(measure, remaining) : remaining, this.#options.clock() - asked.atMs);
    }
    return hasTaught;
  }

  /** Then what was under way when this one became known was counted from the start, by the configured one. */
  #isConfigured({ measure, limit, periodMs }: RateLimitReport): boolean {
    const { configured = [] } = this.#options;
    return configured.some((set) => set.measure === measure && set.periodMs === periodMs && set.amount <= limit);
  }

  #learn({ measure, limit: amount, periodMs, source }: RateLimitReport): PacedLimit {
    const { model, limits, clock, onLearnt } = this.#options;
    const known = this.#known.get(measure);
    if (known?.spec.amount === amount) return known;
    const spec = { measure, amount, periodMs, model };
    onLearnt(spec, source);
    if (known !== undefined) {
      known.setAmount(amount);
      return known;
    }
    const learnt = new PacedLimit(spec, source, clock);
    this.#known.set(measure, learnt);
    limits.add(learnt);
    return learnt;
  }
}

/** Anthropic, whose headers alone tell input and output apart, rounds to the nearest thousand (Claude API, rate limits). */
function mostRemaining(measure: Measure, remaining: number): number {
  const isRounded = (measure === "input-tokens" || measure === "output-tokens") && remaining % 1_000 === 0;
  return isRounded ? remaining + 500 : remaining;
}

/** A provider may report two limits on one measure, of a project and of its organisation; the smaller one counts. */
function isTightest(report: RateLimitReport, reports: readonly RateLimitReport[]): boolean {
  return !reports.some(({ measure, limit }) => measure === report.measure && limit < report.limit);
}
