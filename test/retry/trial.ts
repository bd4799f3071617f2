import { expect } from "vitest";
import type { Attempt } from "../../src/model/attempt.ts";
import { Retries, type RetryPolicy, RetryQuota, type RetryWait } from "../../src/retry/retry.ts";
import { answered } from "../limiters/attempts.ts";

export const defaults: RetryPolicy = { maxRetries: 5, retryDelayMs: 1_000, maxRetryDelayMs: 60_000, maxWaitMs: 1_800_000 };

/** What a request comes to. */
export interface Outcome {
  readonly attempt: Attempt;
  readonly attempts: number;
}

/** The loop of a request. */
export async function askWith(
  retries: Retries,
  ask: (attempt: number) => Promise<Attempt>,
  signal: AbortSignal,
  onWait: (wait: RetryWait) => void = () => undefined,
): Promise<Outcome> {
  for (;;) {
    const attempt = await ask(retries.attempts + 1);
    if (attempt.ok) {
      retries.succeeded();
      return { attempt, attempts: retries.attempts };
    }
    const next = retries.failed(attempt);
    if (!("waitMs" in next)) return { attempt: next, attempts: retries.attempts };
    onWait(next);
    const cancelled = await retries.rest(next, signal);
    if (cancelled !== undefined) return { attempt: cancelled, attempts: retries.attempts };
  }
}

/** A request in a time of its own, where attempts take no time and waits as long as they are. */
export class Trial {
  readonly waits: RetryWait[] = [];
  readonly askedAtMs: number[] = [];
  readonly stop: AbortController = new AbortController();
  quota: RetryQuota = new RetryQuota();
  random: number = 0.5;
  nowMs: number = 0;

  /** @param attempts What becomes of each attempt; the last one stands for all that follow. */
  run(attempts: readonly Attempt[], policy: Partial<RetryPolicy> = {}): Promise<Outcome> {
    const ask = async (attempt: number): Promise<Attempt> => {
      this.askedAtMs.push(this.nowMs);
      expect(attempt).toBe(this.askedAtMs.length);
      return attempts[attempt - 1] ?? attempts.at(-1) ?? answered();
    };
    const sleep = async (ms: number, signal: AbortSignal): Promise<boolean> => {
      this.nowMs += ms;
      return !signal.aborted;
    };
    const timing = { now: () => this.nowMs, random: () => this.random, sleep };
    const retries = new Retries({ policy: { ...defaults, ...policy }, quota: this.quota }, timing);
    return askWith(retries, ask, this.stop.signal, (wait) => this.waits.push(wait));
  }

  get waitsMs(): number[] {
    return this.waits.map(({ waitMs }) => waitMs);
  }
}
