import type { LimiterEvent } from "../model/event.ts";
import type { LearnedLimitJson } from "./token-stats-json.ts";

/** A file may name any number of models. */
const maxKept = 100;

/** The last figure of each limit that was learned. */
export class LearnedLimits {
  readonly #limits = new Map<string, LearnedLimitJson>();

  add({ provider, model, limit, source }: Extract<LimiterEvent, { type: "limit-learned" }>): void {
    const { unit, amount, periodMs } = limit;
    this.#keep({ provider, model, unit, amount: Math.round(amount), period_seconds: periodMs / 1000, source });
  }

  /** @param times -1 takes away those that are still the same. */
  addAll(other: LearnedLimits, times: 1 | -1): void {
    for (const [key, limit] of other.#limits) {
      if (times === 1) this.#keep(limit);
      else if (this.#limits.get(key)?.amount === limit.amount) this.#limits.delete(key);
    }
  }

  get list(): readonly LearnedLimitJson[] {
    return [...this.#limits.values()];
  }

  #keep(limit: LearnedLimitJson): void {
    const key = `${limit.provider} ${limit.model} ${limit.unit} ${limit.source}`;
    if (this.#limits.has(key) || this.#limits.size < maxKept) this.#limits.set(key, limit);
  }
}
