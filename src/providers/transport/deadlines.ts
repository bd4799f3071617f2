import { maxTimerMs } from "../../model/timers.ts";

/** An item with a deadline, a node of the list that it stands in; `timeOut` takes it out. */
export interface WithDeadline<Item> {
  /** By the monotonic clock, in milliseconds. */
  deadline: number;
  previous: Item | undefined;
  next: Item | undefined;
  timeOut(): void;
}

/** A timer so late means that the process was stopped (Ctrl-Z, a closed lid): what came meanwhile has not been read. */
const lateMs = 1_000;
/** To read it. */
const graceMs = 2_000;

/** Items of one timeout, oldest first: the oldest is the next to time out, so that one timer serves all. It is set anew when it fires. */
export class Deadlines<Item extends WithDeadline<Item>> {
  oldest: Item | undefined;
  readonly #timeMs: number;
  #newest: Item | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When it fires, by the monotonic clock. */
  #firesAtMs = 0;

  constructor(timeMs: number) {
    this.#timeMs = timeMs;
  }

  /** Its time begins. */
  add(item: Item): void {
    item.deadline = performance.now() + this.#timeMs;
    item.previous = this.#newest;
    if (this.#newest === undefined) this.oldest = item;
    else this.#newest.next = item;
    this.#newest = item;
    if (this.#timer === undefined) this.#setTimer(this.#timeMs);
  }

  remove(item: Item): void {
    if (item.previous === undefined) this.oldest = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#newest = item.previous;
    else item.next.previous = item.previous;
    item.previous = undefined;
    item.next = undefined;
  }

  /** Unreferenced: what keeps the process alive is the connection, not the clock. */
  #setTimer(ms: number): void {
    const delayMs = Math.min(Math.ceil(ms), maxTimerMs);
    this.#firesAtMs = performance.now() + delayMs;
    this.#timer = setTimeout(this.#ring, delayMs).unref();
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    if (now - this.#firesAtMs > lateMs) return this.#setTimer(graceMs);
    while (this.oldest !== undefined && this.oldest.deadline <= now) this.oldest.timeOut();
    if (this.oldest !== undefined) this.#setTimer(this.oldest.deadline - now);
  };
}
