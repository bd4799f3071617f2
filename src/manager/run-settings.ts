import type { Limiter } from "../limiters/limiters.ts";
import { RetryQuota, type RetryPolicy } from "../retry/retry.ts";
import type { CallOptions } from "./call-options.ts";
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

/** What one run takes of its manager, and of its call. */
export function runSettings(
  options: RequestManagerOptions,
  policy: RetryPolicy,
  limiter: Limiter,
  emitter: Emitter,
  costs: Costs,
  { timeoutMs, onRetry }: CallOptions,
): RunSettings {
  const {
    provider,
    cache,
    refresh = false,
    dedupe = false,
    retryEmpty = false,
    concurrency = defaultConcurrency,
    spoolDirectory,
  } = options;
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
      retryEmpty,
      retryRules: { policy, quota: new RetryQuota() },
      emitter,
      timeoutMs,
      onRetry,
      costs,
      countTokens,
    },
  };
}
