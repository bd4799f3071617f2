import type { Attempt } from "../../model/attempt.ts";
import type { Demand, Target } from "../../model/demand.ts";
import { cancelled } from "../../model/failure.ts";

export interface WaitingRequest {
  /** Of two requests of one client and band the one that starts first has the lower one. */
  readonly ticket: number;
  readonly demand: Demand;
  /** @param target Where it is to be sent. */
  readonly task: (target: Target) => Promise<Attempt>;
  readonly signal: AbortSignal;
  readonly resolve: (attempt: Attempt) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * In the order of their tickets. A request that waits when its signal is aborted leaves with a failure of kind `cancelled`. A signal that all
 * requests of a run share has one listener here, while any of them waits.
 */
export class WaitingQueue {
  readonly #onAbort: () => void;
  readonly #signals = new Map<AbortSignal, { waiting: number; readonly listener: () => void }>();
  #requests: WaitingRequest[] = [];
  /** Where the queue begins: taking the first out of a long array would move all others. */
  #head = 0;

  /** @param onAbort Called after requests have left because of an abort. */
  constructor(onAbort: () => void) {
    this.#onAbort = onAbort;
  }

  get length(): number {
    return this.#requests.length - this.#head;
  }

  /** @param index 0 for the one that is next. */
  at(index: number): WaitingRequest | undefined {
    return this.#requests[this.#head + index];
  }

  /** Its signal must not be aborted yet. */
  push(request: WaitingRequest): void {
    if ((this.#requests.at(-1)?.ticket ?? 0) <= request.ticket) this.#requests.push(request);
    else this.#requests.splice(this.#indexBehind(request.ticket), 0, request);
    const { signal } = request;
    const known = this.#signals.get(signal);
    if (known !== undefined) {
      known.waiting += 1;
      return;
    }
    const listener = (): void => this.#cancel(signal);
    this.#signals.set(signal, { waiting: 1, listener });
    signal.addEventListener("abort", listener, { once: true });
  }

  shift(): WaitingRequest | undefined {
    const request = this.#requests[this.#head];
    if (request === undefined) return undefined;
    this.#head += 1;
    if (this.#head * 2 > this.#requests.length) {
      this.#requests = this.#requests.slice(this.#head);
      this.#head = 0;
    }
    this.#forget(request.signal);
    return request;
  }

  /** Few go before others, so that the search is short. */
  #indexBehind(ticket: number): number {
    let at = this.#head;
    while ((this.#requests[at]?.ticket ?? Infinity) <= ticket) at += 1;
    return at;
  }

  #forget(signal: AbortSignal): void {
    const known = this.#signals.get(signal);
    if (known === undefined) return;
    known.waiting -= 1;
    if (known.waiting > 0) return;
    this.#signals.delete(signal);
    signal.removeEventListener("abort", known.listener);
  }

  #cancel(signal: AbortSignal): void {
    const leaving: WaitingRequest[] = [];
    const staying: WaitingRequest[] = [];
    for (let at = this.#head; at < this.#requests.length; at += 1) {
      const request = this.#requests[at];
      if (request !== undefined) (request.signal === signal ? leaving : staying).push(request);
    }
    this.#requests = staying;
    this.#head = 0;
    this.#signals.delete(signal);
    for (const request of leaving) request.resolve(cancelledWhileWaiting());
    this.#onAbort();
  }
}

/** Of an attempt that was never made. */
export function cancelledWhileWaiting(): Attempt {
  return { ok: false, failure: cancelled("Cancelled while it waited for its turn.") };
}
