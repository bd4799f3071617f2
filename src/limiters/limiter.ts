import type { Attempt } from "../model/attempt.ts";
import type { Demand, Target } from "../model/demand.ts";
import { UsageError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { describeRateLimit, type LimitSource, type RateLimit } from "../model/rate-limit.ts";
import { AllOf } from "./all-of.ts";
import type { Binding } from "./hold.ts";
import { Lanes } from "./lanes.ts";
import { configuredLimit } from "./limit.ts";
import { LimitSet } from "./limit-set.ts";

export { type BottleneckLimiterOptions, createBottleneckLimiter } from "./bottleneck.ts";
export type { Binding } from "./hold.ts";
export { TokenBucket } from "./token-bucket.ts";

export interface LimiterStatus {
  readonly inFlight: number;
  readonly waiting: number;
  /** What holds those who wait back now. */
  readonly binding: Binding;
  /** What the limit that holds them back allows, in its period or in flight. */
  readonly amount?: number | undefined;
  readonly source?: LimitSource | undefined;
  /** Milliseconds until everyone may go on; 0 when there is no pause. */
  readonly pauseMs: number;
}

export interface LimitStatus extends RateLimit {
  readonly source: LimitSource;
  /** How much could start now; below 0 while a debt is being paid off. */
  readonly available: number;
}

/** What one model's requests are allowed at one provider and key, at one moment. */
export interface RateLimitStatus {
  readonly provider: string;
  readonly model: string;
  readonly limits: readonly LimitStatus[];
  /** How many may be in flight as far as is known now. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly pauseMs: number;
  /** Nobody gets through to the server; one request at a time tries. */
  readonly isUnreachable: boolean;
}

/**
 * Waits until the limits allow an attempt, lets it run, and lets go. Function-shaped, so no permit can be lost. After the attempt
 * the reserved cost is settled with what was really used. Who waits holds no concurrency slot and is served first come first
 * served among the requests for its model.
 */
export interface Limiter {
  /**
   * @param demand Its cost is reserved, at the target that is chosen, before `task` starts.
   * @param task One attempt at that target. Must not reject.
   * @param signal Ends the wait, not the task: a waiting request then gets a failure of kind `cancelled`.
   * @returns what the task returned; during an outage its failure says so.
   */
  run(demand: Demand, task: (target: number) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt>;
  /** How many wait. Asked for with each request, so it must cost nothing. */
  readonly waiting: number;
  status(): LimiterStatus;
  /** One entry for each model that was asked for. */
  rateLimits(): RateLimitStatus[];
  /** Forgets what was learnt, ends pauses, and fills up the limits that are set. */
  resetRateLimits(): void;
}

export interface LimiterOptions {
  /** Where requests can be sent. Demands name them by their place in this list, which may grow. */
  readonly targets: readonly Target[];
  /** Attempts in flight at most. */
  readonly concurrency: number;
  /** Whether fewer are in flight while the server turns requests away. Default: true. */
  readonly adaptive?: boolean | undefined;
  /** Of all targets together. Default: none but those that providers tell. Those of up to a minute are used evenly, longer ones as fast as others allow. */
  readonly limits?: readonly RateLimit[] | undefined;
  /** When nobody gets through: until one request tries again, and the most that this grows to. Default: 1 s and 30 s. */
  readonly probeDelayMs?: number | undefined;
  readonly maxProbeDelayMs?: number | undefined;
  /** Hears of pauses, of limits learnt, of cuts and growth, and once if a request is larger than a limit. */
  readonly onEvent?: Observer | undefined;
  /** Monotonic milliseconds. */
  readonly clock?: (() => number) | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
}

/**
 * Makes a limiter.
 *
 * @throws UsageError when `concurrency` is no whole number of at least 1, or the amount or period of a limit no finite number above 0.
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { concurrency, limits = [], onEvent = ignoreEvent, clock = monotonicMs } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new UsageError(`concurrency must be a whole number of at least 1, not ${concurrency}.`);
  for (const limit of limits) checkLimit(limit);
  for (const target of options.targets) for (const limit of target.limits ?? []) checkLimit(limit);
  const shared = limits.filter(({ model }) => model === undefined);
  return new AllOf({
    concurrency,
    createLimits: () => new LimitSet(shared.map((limit) => configuredLimit(limit, clock))),
    createLanes: (onAbort) =>
      new Lanes({
        onAbort,
        targets: options.targets,
        concurrency,
        adaptive: options.adaptive ?? true,
        limits,
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

function checkLimit(limit: RateLimit): void {
  const isGood = [limit.amount, limit.periodMs].every((value) => Number.isFinite(value) && value > 0);
  if (!isGood) throw new UsageError(`A limit must be a number above 0 in a time above 0, not ${describeRateLimit(limit)}.`);
}

function monotonicMs(): number {
  return performance.now();
}

function ignoreEvent(): void {}
