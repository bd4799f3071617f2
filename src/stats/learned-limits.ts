import type { LimiterEvent } from "../model/event.ts";
import type { LearnedLimitJson } from "./token-stats-json.ts";

/** A file may name any number of models. */
const maxKept = 100;

/** The last figure of each limit that was learned. */
export class LearnedLimits {
  readonly #limits = new Map<string, LearnedLimitJson>();

  add({ provider, model, limit, source }: Extract<LimiterEvent, { type: "limit-learned" }>): void {
    const { unit, amount, periodMs } = limit;
    const key = `${provider} ${model} ${unit} ${source}`;
    if (!this.#limits.has(key) && this.#limits.size >= maxKept) return;
    this.#limits.set(key, {
      provider,
      model,
      unit,
      amount: Math.round(amount),
      period_seconds: periodMs / 1000,
      source,
    });
  }

  get list(): readonly LearnedLimitJson[] {
    return [...this.#limits.values()];
  }
}
