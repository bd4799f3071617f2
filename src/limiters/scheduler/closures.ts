import type { Attempt } from "../../model/attempt.ts";
import { type Closure, type Failure, isThrottled } from "../../model/failure.ts";
import type { BlockedBy } from "../gate.ts";

/** Tells requests apart that wait in vain: their targets reject all for longer than they may wait. */
export class Closures {
  readonly #maxWaitMs: number;
  readonly #clock: () => number;
  /** The first rejection since a request got through; undefined if one did. */
  #throttledSinceMs: number | undefined;

  constructor(maxWaitMs: number, clock: () => number) {
    this.#maxWaitMs = maxWaitMs;
    this.#clock = clock;
  }

  /** It is counted anew. */
  forget(): void {
    this.#throttledSinceMs = undefined;
  }

  /** @returns whether the attempt was throttled. */
  note(attempt: Attempt): boolean {
    if (attempt.ok || !isThrottled(attempt.failure)) {
      this.#throttledSinceMs = undefined;
      return false;
    }
    this.#throttledSinceMs ??= this.#clock();
    return true;
  }

  /** @returns why a request fails that is blocked for longer than it may wait. */
  failureOf({ rejection, waitMs = 0 }: BlockedBy): Failure | undefined {
    if (rejection === undefined) return undefined;
    const nowMs = this.#clock();
    const forMs = nowMs - (this.#throttledSinceMs ?? nowMs);
    const maxWaitMs = this.#maxWaitMs;
    return forMs + waitMs > maxWaitMs ? closedFailure(rejection, { forMs, opensInMs: waitMs }, maxWaitMs) : undefined;
  }
}

/** Asking again does not help before they open. */
function closedFailure(rejection: Failure, closure: Closure, maxWaitMs: number): Failure {
  const why = `no request gets through for ${seconds(closure.forMs + closure.opensInMs)}, and --max-wait allows ${seconds(maxWaitMs)}`;
  return { ...rejection, message: `${rejection.message} (${why})`, retryable: false, closure };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
