import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";

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
