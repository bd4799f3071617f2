/** A call that can be ended from outside. A node of the list it stands in. */
export interface InFlightCall {
  readonly signal: AbortSignal;
  /** By the monotonic clock, in milliseconds. */
  deadline: number;
  previous: InFlightCall | undefined;
  next: InFlightCall | undefined;
  timeOut(): void;
  cancel(): void;
}

const longestTimerMs = 2 ** 31 - 1;

/**
 * The calls under way, oldest first. All have the same time, so the oldest is the next to run out of it, and one timer is enough;
 * it is set anew only when it rings. Each signal has one listener, however many calls share it.
 */
export class CallsInFlight {
  readonly #timeoutMs: number;
  readonly #signals = new Map<AbortSignal, number>();
  #oldest: InFlightCall | undefined;
  #newest: InFlightCall | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  add(call: InFlightCall): void {
    call.deadline = performance.now() + this.#timeoutMs;
    call.previous = this.#newest;
    if (this.#newest === undefined) this.#oldest = call;
    else this.#newest.next = call;
    this.#newest = call;
    if (this.#timer === undefined) this.#setTimer(this.#timeoutMs);
    this.#listen(call.signal);
  }

  remove(call: InFlightCall): void {
    if (call.previous === undefined) this.#oldest = call.next;
    else call.previous.next = call.next;
    if (call.next === undefined) this.#newest = call.previous;
    else call.next.previous = call.previous;
    call.previous = undefined;
    call.next = undefined;
    this.#unlisten(call.signal);
  }

  /** Unreferenced: what keeps the process alive is the connection, not the clock. */
  #setTimer(ms: number): void {
    this.#timer = setTimeout(this.#ring, Math.min(Math.ceil(ms), longestTimerMs)).unref();
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    while (this.#oldest !== undefined && this.#oldest.deadline <= now) this.#oldest.timeOut();
    if (this.#oldest !== undefined) this.#setTimer(this.#oldest.deadline - now);
  };

  #listen(signal: AbortSignal): void {
    const calls = this.#signals.get(signal) ?? 0;
    if (calls === 0) signal.addEventListener("abort", this.#abort);
    this.#signals.set(signal, calls + 1);
  }

  #unlisten(signal: AbortSignal): void {
    const calls = (this.#signals.get(signal) ?? 0) - 1;
    if (calls > 0) {
      this.#signals.set(signal, calls);
      return;
    }
    this.#signals.delete(signal);
    signal.removeEventListener("abort", this.#abort);
  }

  readonly #abort = (event: Event): void => {
    for (let call = this.#oldest; call !== undefined;) {
      const { next } = call;
      if (call.signal === event.target) call.cancel();
      call = next;
    }
  };
}
