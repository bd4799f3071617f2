import type { Limiter } from "../limiters/limiters.ts";
import type { Observer } from "../model/event.ts";
import type { RetryPolicy, RetryQuota } from "../retry/retry.ts";
import { AnswerChecks } from "./answers/answer-checks.ts";
import type { CallOptions } from "./call-options.ts";
import { Budget } from "./money/budget.ts";
import { Costs } from "./money/costs.ts";
import { Preparer } from "./preparing/preparer.ts";
import { Emitter } from "./emitter.ts";
import {
  defaultConcurrency,
  defaultDrainMs,
  defaultHeldBytes,
  defaultRetryPolicy,
  limiterOf,
  type RequestManagerOptions,
} from "./request-manager-options.ts";
import type { RequestWalkOptions } from "./request-walk.ts";
import type { ResultQueueOptions } from "./queues/result-queue.ts";
import type { RunStopOptions } from "./stops/run-stop.ts";

export interface RunSettings {
  readonly concurrency: number;
  readonly stop: RunStopOptions;
  readonly queue: ResultQueueOptions;
  readonly walk: RequestWalkOptions;
}

/** What a manager has made of its options. */
export interface ManagerParts {
  readonly options: RequestManagerOptions;
  readonly policy: RetryPolicy;
  readonly limiter: Limiter;
  readonly emitter: Emitter;
  readonly costs: Costs;
  readonly preparer: Preparer;
  readonly checks: AnswerChecks;
  readonly budget: Budget;
}

/**
 * Makes what a manager's runs share.
 *
 * @param stats Receives each event before the options' observers do.
 * @throws ConfigurationError for a cap that is none, or without prices.
 */
export function createParts(options: RequestManagerOptions, stats: Observer): ManagerParts {
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const emitter = new Emitter(stats, options.observers ?? []);
  const limiter = options.limiter ?? limiterOf(options, policy, emitter.emit);
  const costs = new Costs(options.provider, options.prices);
  const preparer = new Preparer(options, costs, emitter.emit);
  return { options, policy, limiter, emitter, costs, preparer, checks: new AnswerChecks(options), budget: new Budget(options) };
}

/** What one run, or call, takes of its manager. */
export function runSettings(
  { options, policy, limiter, emitter, costs, preparer, checks, budget }: ManagerParts,
  quota: RetryQuota,
  { timeoutMs, onRetry }: CallOptions,
): RunSettings {
  const { provider, cache, refresh = false, dedupe = false, concurrency = defaultConcurrency, spoolDirectory } = options;
  const { drainMs = defaultDrainMs, deadlineMs, maxFailures, countTokens } = options;
  return {
    concurrency,
    stop: { drainMs, deadlineMs, maxFailures, maxWaitMs: policy.maxWaitMs },
    queue: {
      inOrder: options.order !== "completion",
      memoryBytes: defaultHeldBytes,
      ...(spoolDirectory !== undefined && { spoolDirectory }),
    },
    walk: {
      provider,
      limiter,
      cache,
      refresh,
      dedupe,
      checks,
      retryRules: { policy, quota },
      emitter,
      timeoutMs,
      onRetry,
      costs,
      budget,
      preparer,
      countTokens,
    },
  };
}
