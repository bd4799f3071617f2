import type { Options } from "../config/options.ts";
import { countTokens } from "../tokens/tokens.ts";
import { perMinute, type RateLimit } from "../model/rate-limit.ts";
import type { RequestManagerOptions } from "../manager/manager.ts";

/** Those of the run: `rpm`, `tpm` and `limit`. */
export function rateLimitsOf({ rpm, tpm, limit }: Pick<Options, "rpm" | "tpm" | "limit">): RateLimit[] {
  return [...perMinute("requests", rpm), ...perMinute("tokens", tpm), ...limit.rates];
}

/** The manager's options that follow directly from the user's. */
export function limitsOf(options: Options): Omit<RequestManagerOptions, "provider"> {
  return {
    concurrency: options.concurrency,
    ...(options.rpm !== undefined && { requestsPerMinute: options.rpm }),
    ...(options.tpm !== undefined && { tokensPerMinute: options.tpm }),
    limits: options.limit.rates,
    adaptive: options.adaptive,
    ...(options.deadline !== undefined && { deadlineMs: options.deadline }),
    ...(options.max_failures !== undefined && { maxFailures: options.max_failures }),
    ...(options.max_cost !== undefined && { maxCostUsd: options.max_cost }),
    ...(options.max_tokens_total !== undefined && { maxTokensTotal: options.max_tokens_total }),
    refresh: options.refresh,
    dedupe: options.dedupe,
    retryEmpty: options.retry_empty,
    validateOutput: options.validate_output,
    repair: options.repair,
    context: options.context,
    sanitize: options.sanitize,
    ...(options.count === "exact" && { countTokens: (request) => countTokens(request, request.model) }),
    order: options.unordered ? "completion" : "input",
    retry: {
      maxRetries: options.max_retries,
      retryDelayMs: options.retry_delay,
      maxRetryDelayMs: options.max_retry_delay,
      maxWaitMs: options.max_wait,
    },
  };
}
