import type { Attempt } from "../../model/attempt.ts";
import { isThrottled, type Failure } from "../../model/failure.ts";

const minBackoffMs = 1_000;
const maxBackoffMs = 60_000;
/** A server that rejects one request without a time may mean that request alone; several, with no success among them, mean all. */
const rejectionsInARow = 3;

export interface PauseOptions {
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A pause that all requests share: when a server rejects one attempt and says for how long, or several without a time, none starts until
 * it is over.
 *
 * Rejections of attempts that had started before the pause belong to the same episode: they do not extend it, unless the server asks for
 * longer than it did at first.
 */
export class Pause {
  /** Number of the last episode. Note it when an attempt starts. */
  episode = 0;
  /** Whether the pause lasts as long as the last rejection asked for. */
  coversLast = false;
  /** The rejection that the pause goes by. */
  rejection: Failure | undefined;
  readonly #options: PauseOptions;
  #untilMs = -Infinity;
  /** What the server asked for when the episode began. */
  #requestedMs = 0;
  /** Episodes since the last success of an attempt that started after a pause. */
  #episodesInARow = 0;
  /** Rejections without a time since the last success. */
  #rejections = 0;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  /** Milliseconds until requests may start; 0 when there is no pause. */
  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#options.clock());
  }

  /**
   * Looks at what came of an attempt.
   *
   * @param episode The last episode when the attempt started.
   * @returns whether an episode begins with it.
   */
  observe(attempt: Attempt, episode: number): boolean {
    const isStraggler = episode < this.episode;
    if (attempt.ok) {
      this.#rejections = 0;
      if (!isStraggler) this.#episodesInARow = 0;
      return false;
    }
    if (!isThrottled(attempt.failure)) return false;
    const nowMs = this.#options.clock();
    if (isStraggler) this.#extend(attempt.failure, nowMs);
    else if (this.#isForAll(attempt.failure)) this.#begin(attempt.failure, nowMs);
    this.coversLast = nowMs < this.#untilMs && nowMs + requestedMs(attempt.failure) <= this.#untilMs;
    return !isStraggler && episode < this.episode;
  }

  #isForAll(failure: Failure): boolean {
    if (requestedMs(failure) > 0) return true;
    this.#rejections += 1;
    return this.#rejections >= rejectionsInARow;
  }

  #begin(failure: Failure, nowMs: number): void {
    this.#requestedMs = requestedMs(failure);
    this.#pauseUntil(nowMs + (this.#requestedMs || this.#backoffMs()), failure);
    this.episode += 1;
    this.#episodesInARow += 1;
  }

  #extend(failure: Failure, nowMs: number): void {
    if (requestedMs(failure) > this.#requestedMs) this.#pauseUntil(nowMs + requestedMs(failure), failure);
  }

  #pauseUntil(untilMs: number, failure: Failure): void {
    if (untilMs <= this.#untilMs) return;
    this.#untilMs = untilMs;
    this.rejection = failure;
  }

  /** Full jitter: anything up to a ceiling that doubles with each episode. */
  #backoffMs(): number {
    const ceilingMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** this.#episodesInARow);
    return this.#options.random() * ceilingMs;
  }
}

/** "Come back in 0 seconds", said with a rejection, says nothing. */
function requestedMs(failure: Failure): number {
  return Math.max(0, failure.retryAfterMs ?? 0);
}
