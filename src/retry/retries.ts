import type { FailedAttempt } from "../model/attempt.ts";
import { cancelled, type Failure, isThrottled } from "../model/failure.ts";
import { backoffMs } from "./backoff.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RetryQuota } from "./retry-quota.ts";
import { sleep } from "./sleep.ts";

/** Requests that a server told the same time come back a little apart from each other. */
const spreadShare = 0.1;
const maxSpreadMs = 1_000;

/** What the requests of a run have in common. */
export interface RetryRules {
  readonly policy: RetryPolicy;
  readonly quota: RetryQuota;
}

/** The next attempt is due after this wait. */
export interface RetryWait {
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly failure: Failure;
}

/** Where time and chance come from. */
interface RetryTiming {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Resolves to false as soon as `signal` is aborted, else to true, not before `ms` milliseconds have passed. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<boolean>;
}

const realTiming: RetryTiming = { now: () => performance.now(), random: Math.random, sleep };

/** How long to wait before asking again, or why not to. */
type Verdict = { readonly waitMs: number } | { readonly gaveUp: string };

/**
 * Told of each attempt of one request, says whether it is asked again: until there is an answer, a failure that another attempt cannot help,
 * or nothing left to spend. It spends retries on failures, and time on being throttled or not getting through, which costs no retry.
 */
export class Retries {
  /** How often it was asked. */
  attempts = 0;
  readonly #rules: RetryRules;
  readonly #timing: RetryTiming;
  #failures = 0;
  #last: Failure | undefined;
  #throttled = 0;
  #firstThrottledAtMs: number | undefined;

  constructor(rules: RetryRules, timing: RetryTiming = realTiming) {
    this.#rules = rules;
    this.#timing = timing;
  }

  /** The attempt gave the answer. */
  succeeded(): void {
    this.attempts += 1;
    this.#rules.quota.giveBack();
  }

  /** @returns the wait before the next attempt, or the last failure, whose message then says how often or how long it was tried. */
  failed(attempt: FailedAttempt): RetryWait | FailedAttempt {
    this.attempts += 1;
    const { failure } = attempt;
    if (!failure.retryable) return attempt;
    const verdict = this.#spend(failure);
    if ("gaveUp" in verdict) return { ...attempt, failure: explained(failure, verdict.gaveUp) };
    return { attempt: this.attempts, waitMs: verdict.waitMs, failure };
  }

  /**
   * Waits, without a slot. A server's Retry-After is a minimum that is always kept.
   *
   * @param signal Ends the wait.
   * @returns undefined once the next attempt is due; after an abort what the request comes to, a failure of kind `cancelled`.
   */
  async rest({ waitMs, failure }: RetryWait, signal: AbortSignal): Promise<FailedAttempt | undefined> {
    const isRested = await this.#timing.sleep(waitMs, signal);
    return isRested ? undefined : { ok: false, failure: cancelledAfter(failure) };
  }

  /** As if it had not been asked yet. */
  forget(): void {
    this.attempts = 0;
    this.#failures = 0;
    this.#last = undefined;
    this.#throttled = 0;
    this.#firstThrottledAtMs = undefined;
  }

  /** Spends what the next attempt after `failure` costs. */
  #spend(failure: Failure): Verdict {
    return isThrottled(failure) || failure.isLocal || failure.outage !== undefined
      ? this.#spendTime(failure)
      : this.#spendRetry(failure);
  }

  #spendTime(failure: Failure): Verdict {
    const { policy } = this.#rules;
    const { now, random } = this.#timing;
    const nowMs = now();
    this.#firstThrottledAtMs ??= nowMs;
    this.#throttled += 1;
    if (failure.canGoElsewhere) return { waitMs: 0 };
    const requestedMs = failure.isHeldBack ? 0 : Math.max(0, failure.retryAfterMs ?? 0);
    const dueMs = failure.isHeldBack ? 0 : requestedMs || backoffMs(this.#throttled, policy, random);
    const waitedMs = nowMs - this.#firstThrottledAtMs;
    if (waitedMs + dueMs > policy.maxWaitMs) return { gaveUp: waitedTooLong(waitedMs, dueMs, policy.maxWaitMs) };
    return { waitMs: dueMs + random() * Math.min(maxSpreadMs, requestedMs * spreadShare) };
  }

  #spendRetry(failure: Failure): Verdict {
    const { policy, quota } = this.#rules;
    const { random } = this.#timing;
    const left = failure.canGoElsewhere ? undefined : failure.retriesLeft;
    if ((left ?? policy.maxRetries - this.#failures) <= 0)
      return { gaveUp: this.attempts === 1 ? "" : `after ${this.attempts} attempts` };
    if (isRepeated(failure, this.#last)) return { gaveUp: "twice alike: asking again does not help" };
    this.#last = failure;
    if (!quota.spend()) return { gaveUp: "not tried again, because nearly everything fails" };
    this.#failures += 1;
    if (failure.canGoElsewhere) return { waitMs: 0 };
    return { waitMs: Math.max(failure.retryAfterMs ?? 0, backoffMs(this.#failures, policy, random)) };
  }
}

function isRepeated(failure: Failure, last: Failure | undefined): boolean {
  if (failure.isFinalIfRepeated !== true || failure.canGoElsewhere || failure.kind !== last?.kind) return false;
  return withoutNumbers(failure.message) === withoutNumbers(last.message);
}

/** Ids and times differ from one page to the next. */
function withoutNumbers(message: string): string {
  return message.replaceAll(/\w+/g, (word) => (/\d/.test(word) ? "" : word));
}

function waitedTooLong(waitedMs: number, dueMs: number, maxWaitMs: number): string {
  return `gave up after waiting ${seconds(waitedMs)}: ${seconds(dueMs)} more are due, and --max-wait allows ${seconds(maxWaitMs)} in all`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function explained(failure: Failure, gaveUp: string): Failure {
  return gaveUp === "" ? failure : { ...failure, message: `${failure.message} (${gaveUp})` };
}

function cancelledAfter({ message }: Failure): Failure {
  return cancelled(`Cancelled before it was asked again. The last attempt had failed: ${message}`);
}
