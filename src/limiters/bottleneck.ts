import { setMaxListeners } from "node:events";
import type Bottleneck from "bottleneck";
import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import type { Demand, Target } from "../model/demand.ts";
import { ConfigurationError, messageOf } from "../model/errors.ts";
import { cancelled, unservedModel } from "../model/failure.ts";
import type { Limiter, LimiterStatus, RateLimitStatus } from "./limiter.ts";
import { cancelledWhileWaiting } from "./scheduler/waiting-queue.ts";

export interface BottleneckLimiterOptions {
  /**
   * What a request takes from the Bottleneck. Rounded up, because its weights are whole numbers.
   *
   * @default 1
   */
  readonly weigh?: (cost: Cost) => number;
  /**
   * The largest weight that the Bottleneck can ever start: its reservoir when full, or `maxConcurrent`. Larger ones count as this much.
   * A larger one would wait for ever in an empty reservoir, with all jobs behind it.
   *
   * @default Infinity
   */
  readonly maxWeight?: number;
}

/**
 * Lets a Bottleneck of yours decide when requests start: one that other code uses as well.
 * The Bottleneck stays yours: it is not stopped with the manager.
 *
 * It replaces all limits of a manager, those that a provider tells as well, and each request goes to the first target that could take it.
 * A request that waits before a retry holds no slot. One that is cancelled while it waits still takes its weight when its turn comes.
 * A Bottleneck starts some 400 jobs a second at most.
 *
 * @throws ConfigurationError unless `maxWeight` is a number of at least 1.
 *
 * @example
 * ```ts
 * const shared = new Bottleneck({ maxConcurrent: 8, reservoir: 500, reservoirRefreshAmount: 500, reservoirRefreshInterval: 60_000 });
 * const manager = new RequestManager({ provider, limiter: createBottleneckLimiter(shared) });
 * ```
 *
 * @example A reservoir that counts tokens
 * ```ts
 * const weigh = ({ inputTokens, maxOutputTokens = 500 }) => inputTokens + maxOutputTokens;
 * createBottleneckLimiter(shared, { weigh, maxWeight: 90_000 });
 * ```
 */
export function createBottleneckLimiter(bottleneck: Bottleneck, options: BottleneckLimiterOptions = {}): Limiter {
  const { weigh = () => 1, maxWeight = Infinity } = options;
  if (!(maxWeight >= 1)) throw new ConfigurationError(`maxWeight must be a number of at least 1, not ${maxWeight}.`);
  return new BottleneckLimiter(bottleneck, (cost) => Math.max(0, Math.min(Math.floor(maxWeight), Math.ceil(weigh(cost)))));
}

class BottleneckLimiter implements Limiter {
  waiting = 0;
  readonly #bottleneck: Bottleneck;
  readonly #weigh: (cost: Cost) => number;
  #inFlight = 0;

  constructor(bottleneck: Bottleneck, weigh: (cost: Cost) => number) {
    this.#bottleneck = bottleneck;
    this.#weigh = weigh;
  }

  run({ model, candidates }: Demand, task: (target: Target) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    const [candidate] = candidates;
    if (candidate === undefined) return Promise.resolve({ ok: false, failure: unservedModel(model, "no target") });
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      this.waiting += 1;
      const leave = (): void => {
        if (!isWaiting) return;
        isWaiting = false;
        this.waiting -= 1;
        signal.removeEventListener("abort", cancel);
      };
      const cancel = (): void => {
        leave();
        resolve(cancelledWhileWaiting());
      };
      // All that wait may share it: each has a listener, and Node warns of the eleventh.
      setMaxListeners(0, signal);
      signal.addEventListener("abort", cancel, { once: true });
      const start = async (): Promise<void> => {
        if (!isWaiting) return;
        leave();
        this.#inFlight += 1;
        await Promise.resolve(candidate.target)
          .then(task)
          .finally(() => (this.#inFlight -= 1))
          .then(resolve, reject);
      };
      this.#bottleneck.schedule({ weight: this.#weigh(candidate.cost) }, start).catch((error: unknown) => {
        leave();
        resolve({ ok: false, failure: cancelled(`Bottleneck does not start it: ${messageOf(error)}`) });
      });
    });
  }

  status(): LimiterStatus {
    const binding = this.waiting > 0 ? "concurrency" : "nothing";
    return { inFlight: this.#inFlight, waiting: this.waiting, blockedBy: binding, pauseMs: 0 };
  }

  /** None: a Bottleneck does not say what it allows. */
  rateLimits(): RateLimitStatus[] {
    return [];
  }

  /** Nothing was learned. */
  resetRateLimits(): void {}
}
