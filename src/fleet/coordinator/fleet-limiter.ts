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

  async run({ candidates }: Demand, task: (target: Target) => Promise<Attempt>): Promise<Attempt> {
    const [first] = candidates;
    return first === undefined ? { ok: false, failure: internal("there is no provider for it") } : task(first.target);
  }

  status(): LimiterStatus {
    return { inFlight: this.#inFlight(), waiting: 0, blockedBy: "nothing", pauseMs: 0 };
  }

  rateLimits(): RateLimitStatus[] {
    return [];
  }

  resetRateLimits(): void {}
}
