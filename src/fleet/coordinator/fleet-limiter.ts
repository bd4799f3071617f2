import type { Limiter, LimiterStatus, RateLimitStatus } from "../../limiters/limiters.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Demand, Target } from "../../model/demand.ts";
import { internal } from "../../model/failure.ts";

/** Lets every line go to the fleet: the limits are kept where it is asked. */
export class FleetLimiter implements Limiter {
  readonly waiting = 0;
  readonly #inFlight: () => number;

  /** @param inFlight Lines in flight at all workers. */
  constructor(inFlight: () => number) {
    this.#inFlight = inFlight;
  }

  run({ candidates }: Demand, task: (target: Target) => Promise<Attempt>): Promise<Attempt> {
    const [first] = candidates;
    if (first !== undefined) return task(first.target);
    return Promise.resolve({ ok: false, failure: internal("there is no provider for it") });
  }

  status(): LimiterStatus {
    return { inFlight: this.#inFlight(), waiting: 0, blockedBy: "nothing", pauseMs: 0 };
  }

  rateLimits(): RateLimitStatus[] {
    return [];
  }

  resetRateLimits(): void {}
}
