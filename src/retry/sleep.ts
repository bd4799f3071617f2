import { maxTimerMs } from "../model/timers.ts";

const sleepersOf = new WeakMap<AbortSignal, Sleepers>();

/**
 * Sleeps `ms` milliseconds, however many that is, and never less.
 *
 * @returns true when the time is over, false as soon as `signal` is aborted. Never rejects.
 */
export function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  let sleepers = sleepersOf.get(signal);
  if (sleepers === undefined) sleepersOf.set(signal, (sleepers = new Sleepers(signal)));
  return sleepers.sleep(ms);
}

interface Sleeper {
  /** Monotonic milliseconds. */
  readonly dueMs: number;
  readonly wake: (isRested: boolean) => void;
  timer: NodeJS.Timeout | undefined;
}

/** The sleepers of one signal. They share one listener on it, and leave none behind: a run has thousands of them. */
class Sleepers {
  readonly #signal: AbortSignal;
  readonly #asleep = new Set<Sleeper>();
  readonly #onAbort = (): void => this.#wakeAll();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  sleep(ms: number): Promise<boolean> {
    return new Promise((wake) => {
      const sleeper: Sleeper = { dueMs: performance.now() + ms, wake, timer: undefined };
      if (this.#asleep.size === 0) this.#signal.addEventListener("abort", this.#onAbort);
      this.#asleep.add(sleeper);
      this.#setTimer(sleeper, ms);
    });
  }

  #setTimer(sleeper: Sleeper, ms: number): void {
    sleeper.timer = setTimeout(() => this.#look(sleeper), Math.min(Math.ceil(ms), maxTimerMs));
  }

  /** Timers of Node fire up to 1 ms early, and a distant time is reached in several steps. */
  #look(sleeper: Sleeper): void {
    const leftMs = sleeper.dueMs - performance.now();
    if (leftMs > 0) this.#setTimer(sleeper, leftMs);
    else {
      this.#asleep.delete(sleeper);
      if (this.#asleep.size === 0) this.#signal.removeEventListener("abort", this.#onAbort);
      sleeper.wake(true);
    }
  }

  #wakeAll(): void {
    for (const sleeper of this.#asleep) {
      clearTimeout(sleeper.timer);
      sleeper.wake(false);
    }
    this.#asleep.clear();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
