import { maxTimerMs } from "../../model/timers.ts";

/**
 * One timer for the next moment at which something may go on. It may ring early (Node's timers do, by up to 1 ms, and a distant time
 * is reached in several steps), so the callback looks at the clock and sets it again.
 */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings in `delayMs`, unless it is set to ring before that. */
  set(delayMs: number, nowMs: number): void {
    const dueMs = nowMs + delayMs;
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), maxTimerMs));
  }

  /** An alarm without a waiter would keep the process alive. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Infinity;
  }

  #fire(): void {
    this.#dueMs = Infinity;
    this.#ring();
  }
}
