import { setMaxListeners } from "node:events";
import type { Attempt } from "../../model/attempt.ts";
import type { Target } from "../../model/demand.ts";
import { messageOf, type Stop } from "../../model/errors.ts";
import { budgetExceeded, cancelled, type Failure, type Outage } from "../../model/failure.ts";
import type { LineResult } from "../../model/result.ts";
import { sleep } from "../../retry/retry.ts";
import type { Journey } from "../journey.ts";
import { Refusals } from "./refusals.ts";
import type { MaxFailures } from "../request-manager-options.ts";
import { StopConditions } from "./stop-conditions.ts";
import { startTimer } from "../../model/timers.ts";

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
  readonly refusals: Refusals = new Refusals(() => this.#endStarts());
  readonly #options: RunStopOptions;
  readonly #conditions: StopConditions;
  readonly #waits = new AbortController();
  #starts = new AbortController();
  readonly #attempts = new AbortController();
  readonly #onStop: () => void;
  readonly #countUnderWay: () => number;
  /** Of the lines under way, those that only wait: for a limit to open, or for another line's answer. */
  #idle = 0;
  /** What the last of them that waits for a limit was told. */
  #closed: Failure | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;

  /**
   * @param onStop Called once, when the run is stopped.
   * @param countUnderWay Lines of the run that have no result yet; 0 for a request by itself, which is no run.
   */
  constructor(options: RunStopOptions, onStop: () => void, countUnderWay: () => number) {
    this.#options = options;
    this.#onStop = onStop;
    this.#countUnderWay = countUnderWay;
    this.#conditions = new StopConditions(options.maxFailures, options.maxWaitMs, this.refusals);
    setMaxListeners(0, this.waitSignal, this.startSignal, this.attemptSignal);
  }

  /** Ends waits before a retry. */
  get waitSignal(): AbortSignal {
    return this.#waits.signal;
  }

  /** Ends waits for a slot; while the run goes on, because a model is condemned, and there is a new one then. */
  get startSignal(): AbortSignal {
    return this.#starts.signal;
  }

  /** Ends attempts in flight. */
  get attemptSignal(): AbortSignal {
    return this.#attempts.signal;
  }

  startDeadline(): void {
    const { deadlineMs } = this.#options;
    if (deadlineMs === undefined) return;
    const message = `the deadline of ${deadlineMs / 1000} s has passed`;
    this.#deadline = startTimer(() => this.stop({ reason: "deadline", message }), deadlineMs);
  }

  startAttempt(target: Target, { request }: Journey): void {
    this.#conditions.startAttempt(target);
    this.refusals.started(target, request.model);
  }

  /** Called with each attempt as it ends, before another one can start. @returns what to tell the user of a run that goes on. */
  observeAttempt(attempt: Attempt, target: Target, journey: Journey): string | undefined {
    this.#stopIf(this.#conditions.observeAttempt(attempt, target, journey));
    const { model, lineNumber } = journey.request;
    const warning = this.refusals.ended(attempt, target, model, lineNumber);
    return this.reason === undefined ? warning : undefined;
  }

  observeOutage(outage: Outage, why: string): void {
    this.#stopIf(this.#conditions.observeOutage(outage, why));
  }

  /**
   * A line waits for a limit that opens later than it may wait, as long as others can be sent.
   *
   * @returns whether it may be asked again; false when the run has stopped, or is none.
   */
  async standBy(failure: Failure): Promise<boolean> {
    if (failure.closure === undefined || this.#countUnderWay() === 0) return false;
    this.#closed = failure;
    return this.idle(sleep(failure.closure.opensInMs, this.waitSignal));
  }

  /** A line that is under way does nothing but wait. */
  async idle<Value>(wait: Promise<Value>): Promise<Value> {
    this.#idle += 1;
    this.stopIfIdle();
    try {
      return await wait;
    } finally {
      this.#idle -= 1;
    }
  }

  /** Called whenever fewer lines are under way. */
  stopIfIdle(): void {
    const closure = this.#closed?.closure;
    if (this.#closed === undefined || closure === undefined || this.#idle < this.#countUnderWay()) return;
    this.stop(this.#conditions.observeClosure(this.#closed, closure));
  }

  observeResult(result: LineResult): void {
    this.#stopIf(this.#conditions.observeResult(result));
  }

  /** All lines have their results. */
  observeEnd(): void {
    this.#stopIf(this.#conditions.observeEnd());
  }

  /** Nothing more fits. @returns what becomes of the line that did not: only a request by itself fails, which no run resumes. */
  readonly budgetUsedUp = (message: string): Failure => {
    if (this.#countUnderWay() === 0) return budgetExceeded(message);
    this.stop({ reason: "budget", message });
    return cancelled(message);
  };

  cacheFailed(error: unknown): void {
    this.stop({ reason: "cache", message: messageOf(error) });
  }

  /** The first reason given stands. */
  stop(stop: Stop): void {
    if (this.reason !== undefined) return;
    this.reason = stop;
    this.#waits.abort();
    this.#starts.abort();
    this.#drain = startTimer(() => this.#attempts.abort(), this.#options.drainMs);
    this.#onStop();
  }

  /** Attempts in flight may take no more. */
  abort(stop: Stop): void {
    this.stop(stop);
    this.#attempts.abort();
  }

  /** Nothing is under way any more: no timer keeps the process alive. */
  close(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#drain);
  }

  #endStarts(): void {
    if (this.reason !== undefined) return;
    const ended = this.#starts;
    this.#starts = new AbortController();
    setMaxListeners(0, this.startSignal);
    ended.abort();
  }

  #stopIf(stop: Stop | undefined): void {
    if (stop !== undefined) this.stop(stop);
  }
}
