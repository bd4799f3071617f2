import type { Attempt } from "../model/attempt.ts";
import type { Demand, Target } from "../model/demand.ts";
import type { LimitSource, LimitUnit, RateLimit } from "../model/rate-limit.ts";

/** What blocks requests: a limit on the unit that it is named after, or one of the others. `shared-limits`: they cannot be reached. */
export type Blocker = "nothing" | "concurrency" | LimitUnit | "pause" | "circuit" | "shared-limits";

export interface LimiterStatus {
  readonly inFlight: number;
  readonly waiting: number;
  /** Live requests among those that wait. @default all: bands are not told apart */
  readonly waitingLive?: number;
  /** What blocks those that wait now. */
  readonly blockedBy: Blocker;
  /** What the blocking limit allows, in its period or in flight. */
  readonly amount?: number | undefined;
  readonly source?: LimitSource | undefined;
  /** Milliseconds until requests for the model that pauses longest may start at one of its targets; 0 when there is no such pause. */
  readonly pauseMs: number;
}

export interface LimitStatus extends RateLimit {
  readonly source: LimitSource;
  /** How much could start now; below 0 while a debt is paid off. */
  readonly available: number;
  /** How much was used in the last minute, or in its period; undefined where other processes use it as well. */
  readonly used?: number;
  /** How much of it was used: of a minute's or less in the last minute, else in its period. 0 to 1; undefined where that is not known. */
  readonly saturation?: number;
  /** It counts the requests of all models and targets together. @default false */
  readonly isCommon?: boolean;
}

/** What one model's requests are allowed at one provider and key, at one moment. */
export interface RateLimitStatus {
  readonly provider: string;
  readonly model: string;
  readonly limits: readonly LimitStatus[];
  /** How many may be in flight, as far as is known now. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Live requests among those that wait. */
  readonly waitingLive: number;
  readonly pauseMs: number;
  /** Of request and answer together, on average; 0 where none was answered yet. */
  readonly meanTokens: number;
  /** No request gets through to the server; one at a time probes it. */
  readonly isUnreachable: boolean;
}

/**
 * Waits until an attempt may start, and runs it. Function-shaped, so no permit can be lost. A request that waits holds no concurrency slot.
 * Requests of one client and band for one model start
 * in the order in which they come.
 */
export interface Limiter {
  /**
   * @param demand Its cost is reserved, at the target that is chosen, before `task` starts, and settled with the usage afterwards.
   * @param task One attempt at that target. Must not reject.
   * @param signal Ends the wait, not the task: a waiting request then gets a failure of kind `cancelled`.
   * @returns what the task returned; its failure says so during an outage, and where all targets are closed for longer than it may wait.
   *   A request that waits then gets such a failure without an attempt.
   */
  run(demand: Demand, task: (target: Target) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt>;
  /** How many requests wait. Read with each request, so it must cost nothing. */
  readonly waiting: number;
  status(): LimiterStatus;
  /** One entry for each model and target that was asked for. @param model Of that one alone. @default all */
  rateLimits(model?: string): RateLimitStatus[];
  /** Forgets what was learned, ends pauses, and fills up the limits that are set. */
  resetRateLimits(): void;
}
