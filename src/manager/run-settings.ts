import type { Limiter } from "../limiters/limiters.ts";
import type { RetryPolicy, RetryQuota } from "../retry/retry.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { CallOptions } from "./call-options.ts";
import type { Budget } from "./money/budget.ts";
import type { Costs } from "./money/costs.ts";
import type { Emitter } from "./emitter.ts";
import { defaultConcurrency, defaultDrainMs, defaultHeldBytes, type RequestManagerOptions } from "./request-manager-options.ts";
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
  readonly checks: AnswerChecks;
  readonly budget: Budget;
}

/** What one run, or call, takes of its manager. */
export function runSettings(
  { options, policy, limiter, emitter, costs, checks, budget }: ManagerParts,
  quota: RetryQuota,
  { timeoutMs, onRetry }: CallOptions,
): RunSettings {
  const { provider, cache, refresh = false, dedupe = false, concurrency = defaultConcurrency, spoolDirectory } = options;
  const { drainMs = defaultDrainMs, deadlineMs, maxFailures } = options;
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
    },
  };
}
