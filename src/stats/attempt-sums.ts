import type { RunEvent } from "../model/event.ts";
import { isThrottled } from "../model/failure.ts";
import type { Usage } from "../model/usage.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { printAsJson } from "./print-as-json.ts";
import type { AttemptSumsJson, LatencyJson } from "./token-stats-json.ts";
import { UsageSum } from "./usage-sum.ts";

export type AttemptEnd = Extract<RunEvent, { readonly type: "attempt-end" }>;

/** What attempts took: all of them, or those of one model or provider. What each figure means stands at `AttemptSumsJson`. */
export class AttemptSums {
  requestsCompleted = 0;
  attempts = 0;
  retries = 0;
  rateLimited = 0;
  readonly #usage = new UsageSum();
  readonly #latency = new LatencyHistogram();

  get usage(): Usage {
    return this.#usage;
  }

  get latencyMs(): LatencyJson | null {
    return this.#latency.toJSON();
  }

  /** Takes constant time. */
  add({ attempt, durationMs, usage, failure }: AttemptEnd): void {
    this.attempts += 1;
    if (attempt > 1) this.retries += 1;
    if (failure === undefined) {
      this.requestsCompleted += 1;
      this.#latency.add(durationMs);
    } else if (isThrottled(failure)) this.rateLimited += 1;
    if (usage !== undefined) this.#usage.add(usage);
  }

  /** @param times -1 takes them away. */
  addAll(other: AttemptSums, times: 1 | -1): void {
    this.requestsCompleted += times * other.requestsCompleted;
    this.attempts += times * other.attempts;
    this.retries += times * other.retries;
    this.rateLimited += times * other.rateLimited;
    this.#usage.add(other.usage, times);
    this.#latency.addAll(other.#latency, times);
  }

  toJSON(): AttemptSumsJson {
    return {
      ...this.#usage.toJSON(),
      requests_completed: this.requestsCompleted,
      attempts: this.attempts,
      retries: this.retries,
      rate_limited: this.rateLimited,
      latency_ms: this.latencyMs,
    };
  }
}

printAsJson(AttemptSums.prototype);
