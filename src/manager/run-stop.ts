import { setMaxListeners } from "node:events";
import type { Attempt } from "../model/attempt.ts";
import { messageOf } from "../model/errors.ts";
import type { Outage } from "../model/failure.ts";
import type { BatchResult } from "../model/result.ts";
import type { MaxFailures } from "./request-manager-options.ts";
import { type Stop, StopConditions } from "./stop-conditions.ts";

const maxTimerMs = 2 ** 31 - 1;

export interface RunStopOptions {
  readonly maxFailures: MaxFailures | undefined;
  /** How long to try when no request gets through. */
  readonly maxWaitMs: number;
  /** From `startDeadline` on. */
  readonly deadlineMs: number | undefined;
  /** How long attempts in flight may still take after a stop. */
  readonly drainMs: number;
}

/** Whether a run goes on, and what a stop cuts short: waits at once, attempts when they have had `drainMs` more. */
export class RunStop {
  /** Undefined while the run goes on. */
  reason: Stop | undefined;
  readonly #options: RunStopOptions;
  readonly #conditions: StopConditions;
  readonly #waits = new AbortController();
  readonly #attempts = new AbortController();
  readonly #onStop: () => void;
  #deadline: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;

  /** @param onStop Called once, when the run is stopped. */
  constructor(options: RunStopOptions, onStop: () => void) {
    this.#options = options;
    this.#onStop = onStop;
    this.#conditions = new StopConditions(options.maxFailures, options.maxWaitMs);
    setMaxListeners(0, this.waitSignal, this.attemptSignal);
  }

  /** Ends waits: for a slot, before a retry. */
  get waitSignal(): AbortSignal {
    return this.#waits.signal;
  }

  /** Ends attempts in flight. */
  get attemptSignal(): AbortSignal {
    return this.#attempts.signal;
  }

  startDeadline(): void {
    const { deadlineMs } = this.#options;
    if (deadlineMs === undefined || deadlineMs > maxTimerMs) return;
    const message = `the deadline of ${deadlineMs / 1000} s has passed`;
    this.#deadline = setTimeout(() => this.stop({ reason: "deadline", message }), deadlineMs);
  }

  /** Called with each attempt as it ends, before another one can start. @param model See `StopConditions.observeAttempt`. */
  observeAttempt(attempt: Attempt, model: string): void {
    this.#stopIf(this.#conditions.observeAttempt(attempt, model));
  }

  observeOutage(outage: Outage, why: string): void {
    this.#stopIf(this.#conditions.observeOutage(outage, why));
  }

  observeResult(result: BatchResult): void {
    this.#stopIf(this.#conditions.observeResult(result));
  }

  cacheFailed(error: unknown): void {
    this.stop({ reason: "cache", message: messageOf(error) });
  }

  /** The first reason given stands. */
  stop(stop: Stop): void {
    if (this.reason !== undefined) return;
    this.reason = stop;
    this.#waits.abort();
    this.#drain = setTimeout(() => this.#attempts.abort(), this.#options.drainMs);
    this.#onStop();
  }

  /** Nothing is under way any more: no timer keeps the process alive. */
  close(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#drain);
  }

  #stopIf(stop: Stop | undefined): void {
    if (stop !== undefined) this.stop(stop);
  }
}
