import { isJsonObject } from "../json/json-value.ts";
import type { CacheStore } from "../caches/caches.ts";
import { createLimiter, type Limiter, type SharedLimits } from "../limiters/limiters.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { perMinute, type RateLimit } from "../model/rate-limit.ts";
import type { BatchRequest } from "../model/request.ts";
import type { PriceBook } from "../pricing/pricing.ts";
import type { Provider, RouteHook } from "../providers/providers.ts";
import type { RetryPolicy } from "../retry/retry.ts";

/** When a run gives up: after this many failed lines, or this share of the finished lines. */
export type MaxFailures = { readonly count: number } | { readonly share: number };

/** How many tokens a request has. */
export type CountTokens = (request: BatchRequest) => number;

export interface RequestManagerOptions {
  /** Sends the requests. */
  readonly provider: Provider;
  /** Requests in flight at most. @default 100 */
  readonly concurrency?: number;
  /** Paced evenly, not in a burst at each minute. @default no limit */
  readonly requestsPerMinute?: number;
  /** Reserved before a request is sent, settled by what its answer really used. @default no limit */
  readonly tokensPerMinute?: number;
  /**
   * Limits of other kinds, periods or models, beside the two above. Those that the provider tells in its responses are kept in any case.
   *
   * @default none
   */
  readonly limits?: readonly RateLimit[];
  /** Whether fewer than `concurrency` are in flight while the server throttles. @default true */
  readonly adaptive?: boolean;
  /**
   * Where the limits above, those of the provider, pauses and what it tells are kept together with other processes (`createRedisLimits`). Each
   * process must set the same limits. The last manager that uses it closes it.
   *
   * @default none: this process keeps them alone
   */
  readonly sharedLimits?: SharedLimits;
  /** Takes the role of the limiter that the options above describe, which are then without effect. @default none */
  readonly limiter?: Limiter;
  /** Where answers are kept and found again. @default no cache: every request is sent */
  readonly cache?: CacheStore;
  /** Sends even what the cache knows, and stores the new answer. @default false */
  readonly refresh?: boolean;
  /** Sends identical requests once and shares the answer. Needs a cache. @default false: each gets an answer of its own */
  readonly dedupe?: boolean;
  /**
   * Asks again, within `retry`, where an answer says nothing: no text, and no call of a tool. One that stays empty is a failure of kind
   * `invalid_response`, and one that the cache knows is sent. Not for `stream`.
   *
   * @default false: an empty answer is an answer
   */
  readonly retryEmpty?: boolean;
  /** Members that are left out keep their defaults: 5 retries, backoff from 1 s to 60 s, half an hour of being throttled. */
  readonly retry?: Partial<RetryPolicy>;
  /** What models cost, for `costUsd` in results and statistics. @default none: unknown, but for what providers report */
  readonly prices?: PriceBook;
  /** The model of requests that name none. @default none: such a request fails as `invalid_line` */
  readonly model?: string;
  /** Members for the bodies of requests that do not have them. @default none */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Chooses another model or provider for each request: those with images elsewhere, for one. @default none */
  readonly route?: RouteHook;
  /** The folder whose files are sent where parts name them (`"@p.png"`, `"file://p.png"`). @default none: such a request fails */
  readonly allowFiles?: string;
  /**
   * What all runs of the manager together may cost at most, in US dollars: each stops, resumable, before it could be more. Needs `prices`.
   *
   * @default no limit
   */
  readonly maxCostUsd?: number;
  /** Tokens that all runs of the manager together may use at most, requests and answers. @default no limit */
  readonly maxTokensTotal?: number;
  /** Requests that are too long for their model: `"warn"` says so, `"truncate"` drops their oldest turns. Needs `prices`. @default "off" */
  readonly context?: "off" | "warn" | "truncate";
  /** Members that their model is known to refuse: `"warn"` says so, `"fix"` takes them out. @default "off" */
  readonly sanitize?: "off" | "warn" | "fix";
  /**
   * Checks answers against the JSON schemas that their requests carry, those of the tools that they call included. One that does not match
   * is asked again, within `retry`, and fails as `schema_mismatch`; one that was cut off fails as `incomplete_output`. Not for `stream`.
   *
   * @default false
   */
  readonly validateOutput?: boolean;
  /** Asked again so, the model is told what was wrong. The answer is kept as that of the original request. Needs `validateOutput`. @default false */
  readonly repair?: boolean;
  /** Counts the tokens of a request before it is sent: the library's `countTokens`, or one of your own. @default `estimateTokens` */
  readonly countTokens?: CountTokens;
  /** The run stops, resumable, at so many failed lines. @default no limit */
  readonly maxFailures?: MaxFailures;
  /** The run stops, resumable, when it has lasted this long. @default no deadline */
  readonly deadlineMs?: number;
  /** How long requests in flight may still take once the run was stopped. @default 30000 */
  readonly drainMs?: number;
  /** Whether results leave in the order of their requests or as they come. @default "input" */
  readonly order?: "input" | "completion";
  /** Where answers that wait behind a slow one go when they fill 32 MiB. @default the system's temporary folder */
  readonly spoolDirectory?: string;
  /** Receive every event. They are called synchronously and must return at once. @default none */
  readonly observers?: readonly Observer[];
}

const optionNames: Readonly<Record<keyof RequestManagerOptions, true>> = {
  provider: true,
  concurrency: true,
  requestsPerMinute: true,
  tokensPerMinute: true,
  limits: true,
  adaptive: true,
  sharedLimits: true,
  limiter: true,
  cache: true,
  refresh: true,
  dedupe: true,
  retryEmpty: true,
  retry: true,
  prices: true,
  model: true,
  defaults: true,
  route: true,
  allowFiles: true,
  maxCostUsd: true,
  maxTokensTotal: true,
  context: true,
  sanitize: true,
  validateOutput: true,
  repair: true,
  countTokens: true,
  maxFailures: true,
  deadlineMs: true,
  drainMs: true,
  order: true,
  spoolDirectory: true,
  observers: true,
};

/** Programs in JavaScript may give its name, or nothing. */
function hasProvider(options: unknown): boolean {
  const provider = isJsonObject(options) ? options["provider"] : undefined;
  return isJsonObject(provider) && typeof provider["send"] === "function";
}

/** @throws ConfigurationError for an option that does not exist, and when options contradict each other. */
export function checkManagerOptions(options: RequestManagerOptions): void {
  if (!hasProvider(options))
    throw new ConfigurationError('RequestManager needs a `provider`, such as createProvider("openai")', { option: "provider" });
  refuseUnknownOptions("RequestManager", options, Object.keys(optionNames));
  if (options.retry !== undefined) refuseUnknownOptions("`retry`", options.retry, Object.keys(defaultRetryPolicy));
  if (options.context === "truncate" && options.prices === undefined)
    throw new ConfigurationError("`context` has to know how much models hold, and there are no `prices` to tell it", {
      option: "context",
    });
  if (options.dedupe === true && options.cache === undefined)
    throw new ConfigurationError(
      "`dedupe` shares answers through the cache, and there is none: give one, or leave `dedupe` out",
      { option: "dedupe" },
    );
  if (options.limiter !== undefined && options.sharedLimits !== undefined)
    throw new ConfigurationError("`limiter` keeps limits of its own: give it, or `sharedLimits`, not both", {
      option: "sharedLimits",
    });
  if (options.repair === true && options.validateOutput !== true)
    throw new ConfigurationError(
      "`repair` tells the model what `validateOutput` finds, and that is off: set it, or leave `repair` out",
      {
        option: "repair",
      },
    );
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

/** A provider that is back is not left idle for longer. */
const maxIdleMs = 30_000;

/** The limiter that the options describe. */
export function limiterOf(
  options: RequestManagerOptions,
  { retryDelayMs, maxRetryDelayMs, maxWaitMs }: RetryPolicy,
  onEvent: Observer,
): Limiter {
  const { concurrency = defaultConcurrency, requestsPerMinute, tokensPerMinute, limits = [], adaptive, sharedLimits } = options;
  return createLimiter({
    concurrency,
    limits: [...perMinute("requests", requestsPerMinute), ...perMinute("tokens", tokensPerMinute), ...limits],
    adaptive,
    sharedLimits,
    maxWaitMs,
    probeDelayMs: retryDelayMs,
    maxProbeDelayMs: Math.min(maxRetryDelayMs, maxIdleMs),
    onEvent,
  });
}

/** Counts the managers that use a provider, a cache or limits: the last one closes it. */
const users = new WeakMap<object, number>();

/** Managers may share a provider, a cache or limits: the last one that is closed closes it. */
export function shareResources({ provider, cache, sharedLimits }: RequestManagerOptions): void {
  for (const resource of [provider, cache, sharedLimits])
    if (resource !== undefined) users.set(resource, (users.get(resource) ?? 0) + 1);
}

/** Called once by each manager. */
export async function closeResources({ provider, cache, sharedLimits }: RequestManagerOptions): Promise<void> {
  for (const resource of [provider, cache, sharedLimits]) {
    if (resource === undefined) continue;
    const left = (users.get(resource) ?? 1) - 1;
    users.set(resource, left);
    if (left === 0) await resource.close();
  }
}
