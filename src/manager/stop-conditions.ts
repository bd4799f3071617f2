import type { Attempt } from "../model/attempt.ts";
import type { StopReason } from "../model/errors.ts";
import { type Closure, type Failure, isSharedByAll, type Outage } from "../model/failure.ts";
import type { BatchResult } from "../model/result.ts";
import type { MaxFailures } from "./request-manager-options.ts";

export interface Stop {
  readonly reason: StopReason;
  readonly message: string;
}

/** One failed line proves nothing; three in a row with no success between them do. */
const identicalFailures = 3;
/** An address that no request ever got through to is probably wrong. */
const maxNeverReachedMs = 300_000;
/** A share of few lines means nothing. */
const linesBeforeShare = 100;

/**
 * Watches a run and says when going on would only burn through the file: a key that is refused, a model that is not there, a
 * quota that is used up, or more failures than the user accepts.
 */
export class StopConditions {
  readonly #maxFailures: MaxFailures | undefined;
  readonly #maxWaitMs: number;
  readonly #inARow = new Map<string, number>();
  #finished = 0;
  #failed = 0;

  /** @param maxWaitMs How long to try when no request gets through. */
  constructor(maxFailures: MaxFailures | undefined, maxWaitMs: number) {
    this.#maxFailures = maxFailures;
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Called with each attempt as it ends, before another one can start.
   *
   * @param model The model that the request named; failures are counted by it.
   */
  observeAttempt(attempt: Attempt, model: string): Stop | undefined {
    if (attempt.ok) {
      if (this.#inARow.size > 0) this.#forget(model);
      return undefined;
    }
    const { failure } = attempt;
    if (failure.retryable || !isSharedByAll(failure)) return undefined;
    const key = `${failure.kind} ${failure.statusCode ?? ""} ${model}`;
    const count = (this.#inARow.get(key) ?? 0) + 1;
    this.#inARow.set(key, count);
    if (failure.kind === "insufficient_quota") return { reason: failure.kind, message: failure.message };
    if (count < identicalFailures) return undefined;
    return { reason: failure.kind, message: `${count} requests in a row failed alike: ${failure.message}` };
  }

  /** Called while no request gets through, whenever another one did not. */
  observeOutage({ forMs, wasReached }: Outage, why: string): Stop | undefined {
    const maxMs = wasReached ? this.#maxWaitMs : Math.min(this.#maxWaitMs, maxNeverReachedMs);
    if (forMs < maxMs) return undefined;
    return { reason: "unreachable", message: `no request got through for ${Math.round(forMs / 1000)} s: ${why}` };
  }

  /** Called when no line that is under way can be sent before a limit opens. */
  observeClosure({ message }: Failure, { opensInMs }: Closure): Stop {
    const opening = new Date(Date.now() + opensInMs).toString().slice(0, "Mon Nov 30 2026 15:04:05".length);
    return { reason: "throttled", message: `${message}; the next one may be sent at ${opening}, in ${describeWait(opensInMs)}` };
  }

  observeResult(result: BatchResult): Stop | undefined {
    if (result.status === "failed" && result.failure.kind === "cancelled") return undefined;
    this.#finished += 1;
    if (result.status === "succeeded") return undefined;
    this.#failed += 1;
    return this.#tooManyFailures();
  }

  #forget(model: string): void {
    for (const key of this.#inARow.keys()) if (key.endsWith(` ${model}`)) this.#inARow.delete(key);
  }

  #tooManyFailures(): Stop | undefined {
    const limit = this.#maxFailures;
    if (limit === undefined) return undefined;
    const reached =
      "count" in limit
        ? this.#failed >= limit.count
        : this.#finished >= linesBeforeShare && this.#failed >= limit.share * this.#finished;
    if (!reached) return undefined;
    return { reason: "max_failures", message: `${this.#failed} of ${this.#finished} finished requests failed` };
  }
}

/** `12 s`, `5 min`, `17 h 34 min`: rounded up. */
function describeWait(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
