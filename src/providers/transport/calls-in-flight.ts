import { Deadlines, type WithDeadline } from "./deadlines.ts";

/** A call that can be ended from outside. */
export interface InFlightCall extends WithDeadline<InFlightCall> {
  readonly signal: AbortSignal;
  cancel(): void;
}

/** The calls under way, oldest first; all have the same time. Each signal has one listener, however many calls share it. */
export class CallsInFlight {
  readonly #deadlines: Deadlines<InFlightCall>;
  readonly #signals = new Map<AbortSignal, number>();

  constructor(timeoutMs: number) {
    this.#deadlines = new Deadlines(timeoutMs);
  }

  add(call: InFlightCall): void {
    this.#deadlines.add(call);
    this.#listen(call.signal);
  }

  remove(call: InFlightCall): void {
    this.#deadlines.remove(call);
    this.#unlisten(call.signal);
  }

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
    for (let call = this.#deadlines.oldest; call !== undefined;) {
      const { next } = call;
      if (call.signal === event.target) call.cancel();
      call = next;
    }
  };
}
