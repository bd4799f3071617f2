import type { CacheStore } from "../caches/caches.ts";
import type { Limiter } from "../limiters/limiter.ts";
import type { Observer } from "../model/event.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import type { Provider } from "../providers/provider.ts";
import type { RetryPolicy } from "../retry/retry.ts";

/** When a run gives up: after this many failed lines, or this share of the finished lines. */
export type MaxFailures = { readonly count: number } | { readonly share: number };

export interface RequestManagerOptions {
  readonly provider: Provider;
  /** Requests in flight at most. Default 100. */
  readonly concurrency?: number;
  /** Default: no limit. Paced evenly, not in a burst at each minute. */
  readonly requestsPerMinute?: number;
  /** Default: no limit. Reserved before a request is sent, settled by what its answer really used. */
  readonly tokensPerMinute?: number;
  /**
   * Limits of other kinds, periods or models, beside the two above. Default: none but those that the provider tells in its responses,
   * which are always kept.
   */
  readonly limits?: readonly RateLimit[];
  /** Whether fewer than `concurrency` are in flight while the server turns requests away. Default: true. */
  readonly adaptive?: boolean;
  /** In place of the limiter that the options above describe. */
  readonly limiter?: Limiter;
  /** Default: nothing is remembered. */
  readonly cache?: CacheStore;
  /** Ask even for what the cache knows, and store it anew. */
  readonly refresh?: boolean;
  /** Send identical requests once and share the answer. Needs a cache. Default: each gets an answer of its own. */
  readonly dedupe?: boolean;
  /** Default: 5 retries, backing off from 1 s to 60 s, and up to half an hour of being turned away. */
  readonly retry?: Partial<RetryPolicy>;
  /** The model of requests that name none. */
  readonly model?: string;
  /** Members for the bodies of requests that do not have them: JSON texts by name. */
  readonly defaults?: ReadonlyMap<string, string>;
  readonly maxFailures?: MaxFailures;
  /** The run stops, resumable, when it has lasted this long. */
  readonly deadlineMs?: number;
  /** How long requests in flight may still take once the run was stopped. Default 30 s. */
  readonly drainMs?: number;
  /** Whether results leave in the order of their requests (default) or as they come. */
  readonly order?: "input" | "completion";
  /** Where answers that wait behind a slow one go when they fill 32 MiB. Default: the system's temporary folder. */
  readonly spoolDirectory?: string;
  readonly observers?: readonly Observer[];
}

export const defaultConcurrency = 100;
export const defaultDrainMs = 30_000;
/** What may wait in memory, behind a slow answer or to be written. A burst of 1,000 answers of 8 KB is far below it. */
export const defaultHeldBytes: number = 32 * 1024 * 1024;

export const defaultRetryPolicy: RetryPolicy = {
  maxRetries: 5,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 60_000,
  maxWaitMs: 1_800_000,
};
