import { isThrottled, type Failure } from "../model/failure.ts";
import { backoffMs } from "./backoff.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RetryQuota } from "./retry-quota.ts";

/** Requests that a server told the same time come back a little apart from each other. */
const spreadShare = 0.1;
const maxSpreadMs = 1_000;

interface RetryBudgetOptions {
  readonly policy: RetryPolicy;
  readonly quota: RetryQuota;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How long to wait before asking again, or why not to. */
type Verdict = { readonly waitMs: number } | { readonly gaveUp: string };

/** What one request may still spend: retries on failures, and time on being throttled or not getting through, which costs no retry. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #failures = 0;
  #last: Failure | undefined;
  #throttled = 0;
  #firstThrottledAtMs: number | undefined;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
  }

  /** Spends what the next attempt after `failure` costs. */
  spend(failure: Failure): Verdict {
    return isThrottled(failure) || failure.isLocal || failure.outage !== undefined
      ? this.#spendTime(failure)
      : this.#spendRetry(failure);
  }

  #spendTime(failure: Failure): Verdict {
    const { policy, now, random } = this.#options;
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
    const { policy, quota, random } = this.#options;
    const attempts = this.#failures + this.#throttled + 1;
    const left = failure.canGoElsewhere ? undefined : failure.retriesLeft;
    if ((left ?? policy.maxRetries - this.#failures) <= 0) return { gaveUp: attempts === 1 ? "" : `after ${attempts} attempts` };
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
