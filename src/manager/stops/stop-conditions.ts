import type { Attempt } from "../../model/attempt.ts";
import type { Target } from "../../model/demand.ts";
import type { Stop, StopReason } from "../../model/errors.ts";
import {
  type Closure,
  type Failure,
  isKeyRefusal,
  isModelRefusal,
  isModelRefusalKind,
  kindsOf,
  type Outage,
} from "../../model/failure.ts";
import type { LineResult, FailedLine } from "../../model/result.ts";
import type { Journey } from "../journey.ts";
import { type Alike, minRefusals, Refusals, Streak } from "./refusals.ts";
import type { MaxFailures } from "../request-manager-options.ts";

/** A failure that one line can cause stops the run when so many lines fail alike and no line has succeeded. */
const minAlike = 25;
/** Lines that fail unsent cost nothing, and those behind them may be others; so many are written before any success. */
const maxUnsent = 10_000;
/** An address that no request ever got through to is probably wrong. */
const maxNeverReachedMs = 300_000;
/** A share of few lines means nothing. */
const linesBeforeShare = 100;

/**
 * Watches a run and says when going on would only burn through the file: a key that is refused, models that are not there, a quota that
 * is used up, the same failure for every line, or more failures than the user accepts. What succeeds now and then never stops a run.
 */
export class StopConditions {
  readonly #maxFailures: MaxFailures | undefined;
  readonly #maxWaitMs: number;
  readonly #refusals: Refusals;
  readonly #all = new Streak();
  readonly #targets = new Map<Target, Streak>();
  /** Whether any line has, be it by a recalled answer. */
  #hasSucceeded = false;
  #finished = 0;
  #failed = 0;
  /** Of those that failed, the ones that a target refused for their model, and the ones that were not sent. */
  #refused = 0;
  #unsent = 0;

  /** @param maxWaitMs How long to try when no request gets through. */
  constructor(maxFailures: MaxFailures | undefined, maxWaitMs: number, refusals: Refusals = new Refusals(() => {})) {
    this.#maxFailures = maxFailures;
    this.#maxWaitMs = maxWaitMs;
    this.#refusals = refusals;
  }

  startAttempt(target: Target): void {
    this.#all.inFlight += 1;
    this.#streakAt(target).inFlight += 1;
  }

  /** Called with each attempt as it ends, before another one can start. */
  observeAttempt(attempt: Attempt, target: Target, journey: Journey): Stop | undefined {
    const streak = this.#streakAt(target);
    this.#all.inFlight -= 1;
    streak.inFlight -= 1;
    if (attempt.ok) {
      streak.succeeded();
      this.#succeeded();
      return undefined;
    }
    const { failure } = attempt;
    if (journey.canGoElsewhere) return undefined;
    const { lineNumber } = journey.request;
    if (isKeyRefusal(failure) && !failure.retryable)
      return stopFor(failure.kind, streak.failed(failure, lineNumber, minRefusals));
    // Of a line that is asked again and again, the first attempt counts.
    if (journey.attempt > 1) return undefined;
    if (failure.isForAll) {
      const min = this.#hasSucceeded ? minAlike : minRefusals;
      return stopFor(reasonOf(failure), streak.failed(failure, lineNumber, min));
    }
    return failure.kind === "invalid_response" ? this.#observeAlike(failure, lineNumber) : undefined;
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

  observeResult(result: LineResult): Stop | undefined {
    if (result.status === "failed" && result.failure.kind === "cancelled") return undefined;
    this.#finished += 1;
    if (result.status === "succeeded") {
      this.#succeeded();
      return undefined;
    }
    this.#failed += 1;
    return this.#tooManyFailures() ?? this.#observeFailed(result);
  }

  /** Called when all lines have their results. */
  observeEnd(): Stop | undefined {
    const isAllRefused = !this.#hasSucceeded && this.#refused === this.#failed;
    return isAllRefused ? this.#stopForModels() : undefined;
  }

  #observeFailed({ failure, attempts, lineNumber }: FailedLine): Stop | undefined {
    if (kindsOf(failure).every(isModelRefusalKind)) this.#refused += 1;
    if (attempts > 0) return failure.kind === "invalid_response" ? undefined : this.#observeAlike(failure, lineNumber);
    this.#unsent += 1;
    return !this.#hasSucceeded && this.#unsent >= maxUnsent ? this.#stopForModels() : undefined;
  }

  /** A filter judges one line, the program's own parts say nothing of the provider, and a user who says how many may fail means it. */
  #observeAlike(failure: Failure, lineNumber: number): Stop | undefined {
    const isOfLine = failure.kind === "content_filter" || failure.kind === "internal";
    if (this.#hasSucceeded || this.#maxFailures !== undefined || isOfLine) return undefined;
    const alike = this.#all.failed(failure, lineNumber, minAlike);
    const wayOut = " (--max-failures N goes on until N have failed)";
    return stopFor(reasonOf(failure), alike && { ...alike, message: `${alike.message}${wayOut}` });
  }

  #stopForModels(): Stop | undefined {
    const { latest } = this.#refusals;
    return latest && stopFor(latest.kind, latest);
  }

  #succeeded(): void {
    if (this.#hasSucceeded) return;
    this.#hasSucceeded = true;
    this.#all.succeeded();
  }

  #streakAt(target: Target): Streak {
    let streak = this.#targets.get(target);
    if (streak === undefined) this.#targets.set(target, (streak = new Streak()));
    return streak;
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

function stopFor(reason: StopReason, alike: Alike | undefined): Stop | undefined {
  return alike && { reason, message: `${alike.count} requests in a row failed alike: ${alike.message}` };
}

function reasonOf(failure: Failure): StopReason {
  if (isModelRefusal(failure)) return failure.kind;
  return kindsOf(failure).every((kind) => kind === "network") ? "unreachable" : "same_failure";
}

/** `12 s`, `5 min`, `17 h 34 min`: rounded up. */
function describeWait(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
