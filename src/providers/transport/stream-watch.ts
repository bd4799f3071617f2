import { Deadlines, type WithDeadline } from "./deadlines.ts";

/** The times of all streams of a provider. */
export interface StreamTimes {
  readonly idle: Deadlines<StreamWatch>;
  readonly ending: Deadlines<StreamWatch>;
}

/** How long a connection may stay open when nothing of use can follow. */
const endingMs = 1_000;

export function createStreamTimes(idleTimeoutMs: number): StreamTimes {
  return { idle: new Deadlines(idleTimeoutMs), ending: new Deadlines(endingMs) };
}

/** Watches over one stream: that it does not fall silent, and that its connection closes when it is over. */
export class StreamWatch implements WithDeadline<StreamWatch> {
  deadline = 0;
  previous: StreamWatch | undefined;
  next: StreamWatch | undefined;
  readonly #times: StreamTimes;
  readonly #onSilence: () => void;
  #deadlines: Deadlines<StreamWatch> | undefined;

  /** @param onSilence Must end the watch. */
  constructor(times: StreamTimes, onSilence: () => void) {
    this.#times = times;
    this.#onSilence = onSilence;
    this.#watchBy(times.idle);
  }

  /** Something came. @param isOver Nothing of use can follow. */
  heard(isOver: boolean): void {
    if (!isOver) this.#watchBy(this.#times.idle);
    else if (this.#deadlines !== this.#times.ending) this.#watchBy(this.#times.ending);
  }

  end(): void {
    this.#deadlines?.remove(this);
    this.#deadlines = undefined;
  }

  timeOut(): void {
    this.#onSilence();
  }

  #watchBy(deadlines: Deadlines<StreamWatch>): void {
    this.end();
    this.#deadlines = deadlines;
    deadlines.add(this);
  }
}
