import { type CacheStore, createMemoryCache, openDiskCache } from "../caches/cache-store.ts";
import { cachePathOf, type Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import type { RequestManagerOptions } from "../manager/request-manager.ts";
import { CacheError, UsageError } from "../model/errors.ts";

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
    refresh: options.refresh,
    dedupe: options.dedupe,
    order: options.unordered ? "completion" : "input",
    retry: {
      maxRetries: options.max_retries,
      retryDelayMs: options.retry_delay,
      maxRetryDelayMs: options.max_retry_delay,
      maxWaitMs: options.max_wait,
    },
  };
}

/** @throws UsageError when the cache cannot be used: better said before anything is sent than found out after. */
export async function openCache(
  options: Options,
  environment: Environment,
  onWarning: (message: string) => void,
): Promise<CacheStore | undefined> {
  const ttl = options.cache_ttl === undefined ? {} : { ttlMs: options.cache_ttl };
  if (options.cache === "none") return undefined;
  if (options.cache === "memory") return createMemoryCache(ttl);
  try {
    return await openDiskCache({ path: cachePathOf(options.cache_path, environment), ...ttl, onWarning });
  } catch (error) {
    if (error instanceof CacheError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
