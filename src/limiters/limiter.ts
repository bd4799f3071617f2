import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import { UsageError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { AllOf } from "./all-of.ts";
import { Concurrency } from "./concurrency.ts";
import { Pause } from "./pause.ts";
import { RateLimit } from "./rate.ts";
import { Rates } from "./rates.ts";

/** What holds requests back now, for the progress bar. */
export type Binding = "nothing" | "concurrency" | "requests" | "tokens" | "pause";

export interface LimiterStatus {
  readonly inFlight: number;
  readonly waiting: number;
  readonly binding: Binding;
  /** Milliseconds until everyone may go on; 0 when there is no pause. */
  readonly pauseMs: number;
}

/**
 * Waits until the limits allow an attempt, lets it run, and lets go. Function-shaped, so no permit can be lost. After the attempt
 * the reserved cost is settled with what was really used. Who waits holds no concurrency slot and is served first come first
 * served.
 */
export interface Limiter {
  /**
   * @param cost Reserved before `task` starts.
   * @param task One attempt. Must not reject.
   * @param signal Ends the wait, not the task: a waiting request then gets a failure of kind `cancelled`.
   */
  run(cost: Cost, task: () => Promise<Attempt>, signal: AbortSignal): Promise<Attempt>;
  status(): LimiterStatus;
}

export interface LimiterOptions {
  /** Whose limits these are; named in `pause` events. */
  readonly provider: string;
  /** Attempts in flight at most. */
  readonly concurrency: number;
  /** Default: no limit. Paced evenly; 0.8 seconds' worth may start at once. */
  readonly requestsPerMinute?: number | undefined;
  /** Default: no limit. */
  readonly tokensPerMinute?: number | undefined;
  /** Hears of pauses, and once if a request is larger than a whole minute's tokens. */
  readonly onEvent?: Observer | undefined;
  /** Monotonic milliseconds. */
  readonly clock?: (() => number) | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
}

/**
 * Makes the limiter of one provider and key.
 *
 * @throws UsageError when `concurrency` is no whole number of at least 1, or a per-minute limit no finite number above 0. Not when a
 * per-minute limit is left out.
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { provider, onEvent = ignoreEvent, clock = monotonicMs, random = Math.random } = options;
  if (!Number.isSafeInteger(options.concurrency) || options.concurrency < 1) throw notALimit("concurrency", options.concurrency);
  const concurrency = new Concurrency(options.concurrency);
  const requests = rateLimit("requestsPerMinute", options.requestsPerMinute, clock);
  const tokens = rateLimit("tokensPerMinute", options.tokensPerMinute, clock);
  const onPause = (pauseMs: number, reason: string): void => onEvent({ type: "pause", provider, pauseMs, reason });
  const pause = new Pause({ clock, random, onPause });
  const onTooLarge = (size: number, limit: number): void => onEvent({ type: "warning", message: tooLarge(size, limit) });
  return new AllOf({ concurrency, pause, rates: new Rates({ requests, tokens, onTooLarge }), clock });
}

function rateLimit(name: string, perMinute: number | undefined, clock: () => number): RateLimit | undefined {
  if (perMinute === undefined) return undefined;
  if (!Number.isFinite(perMinute) || perMinute <= 0) throw notALimit(name, perMinute);
  return new RateLimit(perMinute, clock);
}

function notALimit(name: string, value: number): UsageError {
  const allowed = name === "concurrency" ? "a whole number of at least 1" : "a number above 0";
  return new UsageError(`${name} must be ${allowed}, not ${value}.`);
}

function tooLarge(tokens: number, limit: number): string {
  const sizes = `A request that may take ${tokens} tokens is larger than the limit of ${limit} tokens per minute`;
  return `${sizes}. It is sent alone, and those behind it wait until its tokens have flowed in. Such requests are slow; ask for fewer output tokens, or raise the limit if the provider allows more.`;
}

function monotonicMs(): number {
  return performance.now();
}

function ignoreEvent(): void {}
