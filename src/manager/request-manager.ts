import { createLimiter, type Limiter, type LimiterStatus, type RateLimitStatus } from "../limiters/limiters.ts";
import { RequestParser, type RequestLike } from "../jsonl/jsonl.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { RunEvent } from "../model/event.ts";
import { type LimitUnit, minuteMs, type RateLimit } from "../model/rate-limit.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import { RetryQuota, type RetryPolicy } from "../retry/retry.ts";
import { TokenStats } from "../stats/stats.ts";
import { type Completion, completionOf, completionRequest } from "./completion.ts";
import {
  closeResources,
  defaultConcurrency,
  defaultDrainMs,
  defaultHeldBytes,
  defaultRetryPolicy,
  type RequestManagerOptions,
  shareResources,
} from "./request-manager-options.ts";
import { Run } from "./run.ts";
import type { Inputs } from "./run-options.ts";
import type { Stop } from "./stops/stop-conditions.ts";
import { streamRequest } from "./stream-request.ts";

/**
 * Sends batches of requests: within the limits, with retries and a cache, one result per request in the order of the requests.
 *
 * ```ts
 * const manager = new RequestManager({ provider: createProvider("openai", { apiKey }) });
 * const results = await manager.processBatch([{ model: "gpt-5.4-mini", messages: [{ role: "user", content: "Hi" }] }]);
 * ```
 */
export class RequestManager {
  /** What was done so far, over all batches of this manager. Readable at any time. */
  readonly stats: TokenStats = new TokenStats();
  readonly #options: RequestManagerOptions;
  readonly #retryPolicy: RetryPolicy;
  readonly #limiter: Limiter;
  readonly #runs = new Set<Run>();
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError when options contradict each other. */
  constructor(options: RequestManagerOptions) {
    if (options.dedupe === true && options.cache === undefined)
      throw new ConfigurationError(
        "`dedupe` shares answers through the cache, and there is none: give one, or leave `dedupe` out",
      );
    this.#options = options;
    this.#retryPolicy = { ...defaultRetryPolicy, ...options.retry };
    this.#limiter = options.limiter ?? this.#createLimiter();
    shareResources(options);
  }

  /**
   * Sends requests as they come and yields their results: as many, and in the same order (unless `order` is `"completion"`).
   * Memory does not grow with the number of requests. A failed request is a result. Leaving the loop early stops the run.
   *
   * @param requests Bodies (`{ model, messages }`), prompts, or lines of batch files as objects; see `RequestLike`.
   * @throws RunStoppedError when the run was stopped before its end: refused key, used-up quota, deadline, too many failures, a
   *   broken cache, or `stop()`. Every result before the first unanswered request has been yielded by then.
   * @throws what `requests` throws, after all requests before it have been answered. Not when single requests fail.
   */
  async *run(requests: Inputs<RequestLike | BatchInput>): AsyncGenerator<BatchResult> {
    const groups = Symbol.iterator in requests ? [requests] : eachByItself(requests);
    for await (const results of this.runInGroups(groups)) yield* results;
  }

  /**
   * `run` with many requests and many results at a time: fewer steps for each. The groups that come out are others than those that
   * go in: what can leave leaves. Groups are read one request at a time, as there is room. @throws as `run` does.
   */
  async *runInGroups(groups: Inputs<Iterable<RequestLike | BatchInput>>): AsyncGenerator<readonly BatchResult[]> {
    const run = this.#createRun();
    this.#runs.add(run);
    try {
      for await (const results of run.results(groups, this.#parseInOrder())) yield results;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** `run` for small batches. @throws as `run` does. */
  async processBatch(requests: readonly (RequestLike | BatchInput)[]): Promise<BatchResult[]> {
    const results: BatchResult[] = [];
    for await (const result of this.run(requests)) results.push(result);
    return results;
  }

  /**
   * One request by itself, through the same cache, limits and retries.
   *
   * @returns its result; never rejects, whatever goes wrong.
   */
  async execute(request: RequestLike): Promise<BatchResult> {
    return this.#createRun().execute(this.#createParser().parseValue(request, 1));
  }

  /**
   * One request whose answer is wanted as it comes, through the same limits and retries, without the cache. `stream` need not stand in
   * its body. Leaving the loop early ends the call.
   *
   * @returns the parsed data of each event, as the provider sends them; the whole answer, if it does not send it in pieces.
   * @throws RequestFailedError when there is no answer, or it breaks off: it is asked again only as long as nothing of it has come.
   */
  stream(request: RequestLike): AsyncGenerator<unknown> {
    const { provider } = this.#options;
    const retryRules = { policy: this.#retryPolicy, quota: new RetryQuota() };
    const input = this.#createParser().parseValue(request, 1);
    return streamRequest(input, { provider, limiter: this.#limiter, retryRules, emit: this.#emit });
  }

  /**
   * The answer to one question, through the same cache, limits and retries.
   *
   * @param question A prompt, or messages.
   * @param options Other members of the body: `model`, `temperature` …; `provider` names whom to ask, where the manager knows several.
   * @throws RequestFailedError when it has none in the end.
   */
  async complete(question: string | readonly object[], options: Readonly<Record<string, unknown>> = {}): Promise<Completion> {
    return completionOf(await this.execute(completionRequest(question, options)));
  }

  /**
   * Stops all runs: no request is sent from now on, those in flight may take `drainMs` more and are kept. The runs then throw
   * `RunStoppedError` with that message.
   */
  stop(message = "the run was interrupted"): void {
    const stop: Stop = { reason: "interrupted", message };
    for (const run of this.#runs) run.stop(stop);
  }

  /** What is in flight, what waits, and for what. */
  limiterStatus(): LimiterStatus {
    return this.#limiter.status();
  }

  /** For each model that was asked for: the limits that are set or were learned, what is left of them, and what it waits for. */
  rateLimitStatus(): RateLimitStatus[] {
    return this.#limiter.rateLimits();
  }

  /** Forgets what was learned of limits, ends pauses, and fills up the limits that are set. */
  resetRateLimit(): void {
    this.#limiter.resetRateLimits();
  }

  /** Stops what still runs, then closes the provider's connections and the cache, unless another manager uses them, too. */
  close(): Promise<void> {
    this.stop("the request manager was closed");
    this.#closing ??= closeResources(this.#options);
    return this.#closing;
  }

  /** Makes requests of whatever a program gives, in the order in which it is called. */
  #parseInOrder(): (request: RequestLike | BatchInput) => BatchInput {
    const parser = this.#createParser();
    let position = 0;
    return (request) => {
      position += 1;
      return isBatchInput(request) ? request : parser.parseValue(request, position);
    };
  }

  #createParser(): RequestParser {
    return new RequestParser({
      ...(this.#options.model !== undefined && { defaultModel: this.#options.model }),
      ...(this.#options.defaults !== undefined && { defaults: this.#options.defaults }),
      onWarning: (message) => this.#emit({ type: "warning", message }),
    });
  }

  #createRun(): Run {
    const { provider, cache, refresh, dedupe, concurrency, spoolDirectory } = this.#options;
    return new Run({
      concurrency: concurrency ?? defaultConcurrency,
      stop: {
        drainMs: this.#options.drainMs ?? defaultDrainMs,
        deadlineMs: this.#options.deadlineMs,
        maxFailures: this.#options.maxFailures,
        maxWaitMs: this.#retryPolicy.maxWaitMs,
      },
      queue: {
        inOrder: this.#options.order !== "completion",
        memoryBytes: defaultHeldBytes,
        ...(spoolDirectory !== undefined && { spoolDirectory }),
      },
      walk: {
        provider,
        limiter: this.#limiter,
        cache,
        refresh: refresh ?? false,
        dedupe: dedupe ?? false,
        retryRules: { policy: this.#retryPolicy, quota: new RetryQuota() },
        emit: this.#emit,
      },
    });
  }

  #createLimiter(): Limiter {
    const { concurrency, requestsPerMinute, tokensPerMinute, limits = [], adaptive } = this.#options;
    const { retryDelayMs, maxRetryDelayMs } = this.#retryPolicy;
    return createLimiter({
      concurrency: concurrency ?? defaultConcurrency,
      limits: [...perMinute("requests", requestsPerMinute), ...perMinute("tokens", tokensPerMinute), ...limits],
      adaptive,
      probeDelayMs: retryDelayMs,
      maxProbeDelayMs: Math.min(maxRetryDelayMs, maxIdleMs),
      onEvent: this.#emit,
    });
  }

  readonly #emit = (event: RunEvent): void => {
    this.stats.observe(event);
    for (const observe of this.#options.observers ?? []) observe(event);
  };
}

/** A provider that is back is not left idle for longer. */
const maxIdleMs = 30_000;

function perMinute(unit: LimitUnit, amount: number | undefined): RateLimit[] {
  return amount === undefined ? [] : [{ unit, amount, periodMs: minuteMs }];
}

/** A request that comes does not wait for others. */
async function* eachByItself<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  for await (const item of items) yield [item];
}

/** Requests that were parsed already, by the command line for one. */
function isBatchInput(request: RequestLike | BatchInput): request is BatchInput {
  return (
    typeof request === "object" &&
    (request["kind"] === "request" || request["kind"] === "invalid-line") &&
    typeof request["customId"] === "string"
  );
}
