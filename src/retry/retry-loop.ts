import type { Attempt } from "../model/attempt.ts";
import { cancelled, type Failure } from "../model/failure.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RetryQuota } from "./retry-quota.ts";
import { sleep } from "./sleep.ts";

/** What the requests of a run have in common. */
export interface RetryRules {
  readonly policy: RetryPolicy;
  readonly quota: RetryQuota;
}

export interface RetryWait {
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly failure: Failure;
}

export interface RetryOutcome {
  /** The answer, or the last failure, whose message then says how often or how long it was tried. */
  readonly attempt: Attempt;
  /** How often it was asked. */
  readonly attempts: number;
}

/** Where time and chance come from. */
export interface RetryTiming {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Resolves to false as soon as `signal` is aborted, else to true, not before `ms` milliseconds have passed. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<boolean>;
}

const realTiming: RetryTiming = { now: () => performance.now(), random: Math.random, sleep };

/**
 * Asks until there is an answer, a failure that another attempt cannot help, or no budget left. A server's Retry-After is a minimum that
 * is always kept. Between attempts no slot is held.
 *
 * @param ask One attempt, given its number from 1. Must not reject: what it throws is passed on.
 * @param signal Ends a wait, not an attempt: the outcome is then a failure of kind `cancelled`.
 * @param onWait Called before each wait.
 */
export async function retry(
  ask: (attempt: number) => Promise<Attempt>,
  { policy, quota }: RetryRules,
  signal: AbortSignal,
  onWait: (wait: RetryWait) => void,
  timing: RetryTiming = realTiming,
): Promise<RetryOutcome> {
  let budget: RetryBudget | undefined;
  for (let attempts = 1; ; attempts += 1) {
    const attempt = await ask(attempts);
    if (attempt.ok) quota.giveBack();
    if (attempt.ok || !attempt.failure.retryable) return { attempt, attempts };

    const { failure } = attempt;
    budget ??= new RetryBudget({ policy, quota, now: timing.now, random: timing.random });
    const verdict = budget.spend(failure);
    if ("gaveUp" in verdict) return { attempt: { ...attempt, failure: explained(failure, verdict.gaveUp) }, attempts };

    onWait({ attempt: attempts, waitMs: verdict.waitMs, failure });
    const isRested = await timing.sleep(verdict.waitMs, signal);
    if (!isRested) return { attempt: { ok: false, failure: cancelledAfter(failure) }, attempts };
  }
}

function explained(failure: Failure, gaveUp: string): Failure {
  return gaveUp === "" ? failure : { ...failure, message: `${failure.message} (${gaveUp})` };
}

function cancelledAfter({ message }: Failure): Failure {
  return cancelled(`Cancelled before it was asked again. The last attempt had failed: ${message}`);
}
