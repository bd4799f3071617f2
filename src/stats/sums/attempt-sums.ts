import type { RunEvent } from "../../model/event.ts";
import { isThrottled } from "../../model/failure.ts";
import type { Usage } from "../../model/usage.ts";
import { CostSum } from "./cost-sum.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { printAsJson } from "../print-as-json.ts";
import type { AttemptSumsJson, LatencyJson } from "../token-stats-json.ts";
import { UsageSum } from "./usage-sum.ts";

export type AttemptEnd = Extract<RunEvent, { readonly type: "attempt-end" }>;

/** What attempts took: all of them, or those of one model or provider. What each figure means stands at `AttemptSumsJson`. */
export class AttemptSums {
  requestsCompleted = 0;
  attempts = 0;
  retries = 0;
  rateLimited = 0;
  readonly #usage = new UsageSum();
  readonly #cost = new CostSum();
  readonly #latency = new LatencyHistogram();

  get usage(): Usage {
    return this.#usage;
  }

  /** US dollars, of the attempts whose price is known; null where some used tokens and none has a known price. */
  get costUsd(): number | null {
    return this.#cost.usd;
  }

  get costReportedUsd(): number {
    return this.#cost.reportedUsd;
  }

  get pricedRequests(): number {
    return this.#cost.priced;
  }

  get unpricedRequests(): number {
    return this.#cost.unpriced;
  }

  get latencyMs(): LatencyJson | null {
    return this.#latency.toJSON();
  }

  /** Takes constant time. */
  add({ attempt, durationMs, usage, costUsd = null, failure, calls }: AttemptEnd): void {
    const count = calls?.count ?? 1;
    this.attempts += count;
    this.retries += attempt > 1 ? count : Math.max(0, count - 1);
    if (failure === undefined) {
      this.requestsCompleted += 1;
      this.#latency.add(durationMs);
    }
    if (calls !== undefined) this.rateLimited += calls.throttled ?? 0;
    else if (failure !== undefined && isThrottled(failure)) this.rateLimited += 1;
    if (usage === undefined) return;
    this.#usage.add(usage);
    this.#cost.add(costUsd, usage.billing?.reportedCostUsd !== undefined);
  }

  /** @param times -1 takes them away. */
  addAll(other: AttemptSums, times: 1 | -1): void {
    this.requestsCompleted += times * other.requestsCompleted;
    this.attempts += times * other.attempts;
    this.retries += times * other.retries;
    this.rateLimited += times * other.rateLimited;
    this.#usage.add(other.usage, times);
    this.#cost.addAll(other.#cost, times);
    this.#latency.addAll(other.#latency, times);
  }

  toJSON(): AttemptSumsJson {
    return {
      ...this.#usage.toJSON(),
      requests_completed: this.requestsCompleted,
      attempts: this.attempts,
      retries: this.retries,
      rate_limited: this.rateLimited,
      cost_usd: this.costUsd,
      cost_reported_usd: this.costReportedUsd,
      priced_requests: this.pricedRequests,
      unpriced_requests: this.unpricedRequests,
      latency_ms: this.latencyMs,
    };
  }
}

printAsJson(AttemptSums.prototype);
