import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import { Allowance, type AllowanceOptions, type Start } from "./allowance.ts";
import type { Hold } from "./hold.ts";
import type { LimitSet } from "./limit-set.ts";
import type { RateLimitStatus } from "./limiter.ts";
import { WaitingQueue } from "./waiting-queue.ts";
import type { Weights } from "./weights.ts";

/** The requests for one model at one provider and key: those that wait, how many are under way, and what they are allowed. */
export class Lane {
  readonly queue: WaitingQueue;
  readonly #options: AllowanceOptions;
  #allowance: Allowance;
  #inFlight = 0;

  /** @param onAbort Called after waiting requests have left because of an abort. */
  constructor(options: AllowanceOptions, onAbort: () => void) {
    this.queue = new WaitingQueue(onAbort);
    this.#options = options;
    this.#allowance = new Allowance(options);
  }

  get limits(): LimitSet {
    return this.#allowance.limits;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.queue.length === 0;
  }

  get pauseMs(): number {
    return this.#allowance.pauseMs;
  }

  /** What a request would take if it started now. */
  weigh(cost: Cost): Weights {
    return this.#allowance.weigh(cost);
  }

  /** @returns why a request may not start now; undefined if as far as this lane goes it may. */
  hold(weights: Weights): Hold | undefined {
    return this.#allowance.hold(weights, this.#inFlight);
  }

  start(weights: Weights): Start {
    this.#inFlight += 1;
    return this.#allowance.start(weights);
  }

  /** @param unused What the attempt had reserved and not used. @returns the attempt, marked if it belongs to an outage. */
  end(attempt: Attempt, start: Start, unused: Weights): Attempt {
    const ended = this.#allowance.end(attempt, start, unused, this.#inFlight);
    this.#inFlight -= 1;
    return ended;
  }

  /** An attempt that threw: a bug, which teaches nothing. */
  abandon(): void {
    this.#inFlight -= 1;
  }

  status(): RateLimitStatus {
    return { ...this.#allowance.status(), inFlight: this.#inFlight, waiting: this.queue.length };
  }

  /** Forgets what was learnt, ends a pause, and fills up what the user set. */
  reset(): void {
    this.#allowance = new Allowance(this.#options);
  }
}
