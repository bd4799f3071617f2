import type { Stop } from "../../model/errors.ts";
import { startTimer } from "../../model/timers.ts";

/**
 * What ends one call before its time: its wait at once, its attempt when that has had `drainMs` more. One signal for both: three of a run's
 * kind took 25 µs of each request.
 */
export class CallStop {
  /** Undefined while the call goes on. */
  reason: Stop | undefined;
  /** Ends the wait, or the attempt under way. */
  readonly signal: AbortSignal;
  readonly #drainMs: number;
  readonly #over = new AbortController();
  #isSent = false;
  #drain: NodeJS.Timeout | undefined;

  constructor(drainMs: number) {
    this.#drainMs = drainMs;
    this.signal = this.#over.signal;
  }

  /** The first reason given stands. */
  stop(stop: Stop): void {
    if (this.reason !== undefined) return;
    this.reason = stop;
    if (this.#isSent) this.#drain = startTimer(() => this.#over.abort(), this.#drainMs);
    else this.#over.abort();
  }

  /** An attempt in flight may take no more. */
  abort(stop: Stop): void {
    this.reason ??= stop;
    this.#over.abort();
  }

  startAttempt(): void {
    this.#isSent = true;
  }

  endAttempt(): void {
    this.#isSent = false;
    if (this.reason !== undefined) this.#over.abort();
  }

  /** Nothing is under way any more: no timer keeps the process alive. */
  close(): void {
    clearTimeout(this.#drain);
  }
}
