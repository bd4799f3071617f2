import type { Stop } from "../../model/errors.ts";
import { startTimer } from "../../model/timers.ts";
import { giveBackController, type SpareController, takeController } from "./spare-controllers.ts";

/**
 * What ends one call before its time: its wait at once, its attempt when that has had `drainMs` more. One signal for both: three of a run's
 * kind took 25 µs of each request.
 */
export class CallStop {
  /** Undefined while the call goes on. */
  reason: Stop | undefined;
  readonly #drainMs: number;
  /** Undefined until it is needed, and once the call is over: then it may be another one's. */
  #over: SpareController | undefined;
  #isAborted = false;
  #isSent = false;
  #drain: NodeJS.Timeout | undefined;

  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  /** Ends the wait, or the attempt under way. What the cache answers never asks for it. */
  get signal(): AbortSignal {
    this.#over ??= takeController();
    const { controller } = this.#over;
    if (this.#isAborted) controller.abort();
    return controller.signal;
  }

  /** The first reason given stands. */
  stop(stop: Stop): void {
    if (this.reason !== undefined) return;
    this.reason = stop;
    if (this.#isSent) this.#drain = startTimer(() => this.#abort(), this.#drainMs);
    else this.#abort();
  }

  /** An attempt in flight may take no more. */
  abort(stop: Stop): void {
    this.reason ??= stop;
    this.#abort();
  }

  startAttempt(): void {
    this.#isSent = true;
  }

  endAttempt(): void {
    this.#isSent = false;
    if (this.reason !== undefined) this.#abort();
  }

  /** Nothing is under way any more: no timer keeps the process alive. */
  close(): void {
    clearTimeout(this.#drain);
    if (this.#over !== undefined) giveBackController(this.#over);
    this.#over = undefined;
  }

  #abort(): void {
    this.#isAborted = true;
    this.#over?.controller.abort();
  }
}
