import { ConfigurationError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import type { Limiter } from "./limiter.ts";
import { checkLimit, configuredLimit } from "./limits/configured-limit.ts";
import { LimitSet } from "./limits/limit-set.ts";
import { ModelQueues } from "./scheduler/model-queues.ts";
import { RequestScheduler } from "./scheduler/request-scheduler.ts";
import type { SharedLimits } from "./shared-limits.ts";

export interface LimiterOptions {
  /** Maximum of attempts in flight. */
  readonly concurrency: number;
  /**
   * Whether fewer are in flight at first, and while the server rejects requests.
   *
   * @default true
   */
  readonly adaptive?: boolean | undefined;
  /**
   * Of all targets together. Those of up to a minute are a pace, longer ones a quota that may be used as fast as others allow.
   *
   * @default none but those that providers tell
   */
  readonly limits?: readonly RateLimit[] | undefined;
  /** Where `limits`, pauses and what providers tell are kept together with other processes. @default none: this process keeps them */
  readonly sharedLimits?: SharedLimits | undefined;
  /**
   * Milliseconds until a server that no request gets through to is probed for the first time; they double with each probe that fails.
   *
   * @default 1_000
   */
  readonly probeDelayMs?: number | undefined;
  /** @default 30_000 */
  readonly maxProbeDelayMs?: number | undefined;
  /**
   * How long a request may be throttled. Those that wait fail once their targets are closed for longer, counted from when the last one got
   * through.
   *
   * @default Infinity
   */
  readonly maxWaitMs?: number | undefined;
  /** Receives pauses, learned limits, changes of concurrency, and once a request that is larger than a limit. */
  readonly onEvent?: Observer | undefined;
  /**
   * Monotonic milliseconds.
   *
   * @default performance.now
   */
  readonly clock?: (() => number) | undefined;
  /**
   * Uniform in [0, 1).
   *
   * @default Math.random
   */
  readonly random?: (() => number) | undefined;
}

/**
 * Makes a limiter that keeps to limits that are set, that providers tell, and that it learns from rejections.
 *
 * @throws ConfigurationError when `concurrency` is no whole number of at least 1, or the amount or period of a limit no finite number above 0.
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { concurrency, limits = [], sharedLimits, onEvent = () => {}, clock = () => performance.now() } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new ConfigurationError(`concurrency must be a whole number of at least 1, not ${concurrency}.`);
  for (const limit of limits) checkLimit(limit);
  const ofAllModels = sharedLimits === undefined ? limits.filter(({ model }) => model === undefined) : [];
  return new RequestScheduler({
    concurrency,
    maxWaitMs: options.maxWaitMs ?? Infinity,
    createLimits: () => new LimitSet(ofAllModels.map((limit) => configuredLimit(limit, clock))),
    createQueues: (onChange) =>
      new ModelQueues({
        onChange,
        concurrency,
        adaptive: options.adaptive ?? true,
        limits,
        sharedLimits,
        probeDelayMs: options.probeDelayMs ?? 1_000,
        maxProbeDelayMs: options.maxProbeDelayMs ?? 30_000,
        onEvent,
        clock,
        random: options.random ?? Math.random,
      }),
    onTooLarge: (message) => onEvent({ type: "warning", message }),
    clock,
  });
}
