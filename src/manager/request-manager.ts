import type { LimiterStatus, RateLimitStatus } from "../limiters/limiters.ts";
import type { RequestLike } from "../jsonl/jsonl.ts";
import { RunStoppedError } from "../model/errors.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import { RetryQuota } from "../retry/retry.ts";
import { TokenStats } from "../stats/stats.ts";
import {
  type BatchOptions,
  type CallOptions,
  checkBatchOptions,
  checkCallOptions,
  checkRunOptions,
  type RunOptions,
} from "./call-options.ts";
import { type BodyMembers, type Completion, completionOf, type Question, requestOf } from "./completion.ts";
import type { BudgetStatus } from "./money/budget.ts";
import { checkManagerOptions, closeResources, type RequestManagerOptions, shareResources } from "./request-manager-options.ts";
import { type LiveAnswer, answerLive, type LiveOptions } from "./live/answer-live.ts";
import { LiveCache } from "./live/live-cache.ts";
import type { BatchResults } from "./results.ts";
import { Run } from "./run.ts";
import { eachByItself, type InputOptions, inputOptionsOf, type Inputs, oneByOne, parseInOrder } from "./inputs.ts";
import { UnderWay } from "./stops/under-way.ts";
import { createParts, type ManagerParts, type RunSettings, runSettings } from "./run-settings.ts";
import { AnswerStream, streamRequest } from "./stream-request.ts";

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
  readonly #parts: ManagerParts;
  readonly #inputs: InputOptions;
  /** Of the calls by themselves, all together. */
  readonly #quota = new RetryQuota();
  readonly #underWay = new UnderWay();
  /** Of live requests, which have no options of their own. */
  #live: RunSettings | undefined;
  #liveCache: LiveCache | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError for an option that does not exist, and when options contradict each other. */
  constructor(options: RequestManagerOptions) {
    checkManagerOptions(options);
    this.#parts = createParts(options, this.stats.observe);
    this.stats.setPricesDate(options.prices?.date);
    this.stats.watchLimits(() => this.#parts.limiter.rateLimits());
    this.#inputs = inputOptionsOf(options);
    shareResources(options);
  }

  /**
   * Sends requests as they come and yields their results: as many, and in the same order (unless `order` is `"completion"`).
   * Memory does not grow with the number of requests. A failed request is a result. Leaving the loop early stops the run.
   *
   * @param requests Bodies (`{ model, messages }`), prompts, or lines of batch files as objects, see `RequestLike`; or a `RequestBatch`.
   * @throws RunStoppedError when the run was stopped before its end: refused key, used-up quota, deadline, too many failures, a
   *   broken cache, an aborted `signal` or `stop()`. Every result that there is has been yielded by then; those of requests that were cut
   *   short are failures of kind `cancelled`.
   * @throws what `requests` throws, after all requests before it have been answered. Not when single requests fail.
   * @throws ConfigurationError for an option that does not exist.
   */
  run(requests: Inputs<RequestLike | BatchInput>, options: RunOptions = {}): AsyncGenerator<BatchResult> {
    checkRunOptions(options);
    const groups = Symbol.iterator in requests ? [requests] : eachByItself(requests);
    return oneByOne(this.runInGroups(groups, options));
  }

  /**
   * `run` with many requests and many results at a time: fewer steps for each. The groups that come out are others than those that
   * go in: what can leave leaves. Groups are read one request at a time, as there is room. @throws as `run` does.
   */
  runInGroups(
    groups: Inputs<Iterable<RequestLike | BatchInput>>,
    options: RunOptions = {},
  ): AsyncGenerator<readonly BatchResult[]> {
    checkRunOptions(options);
    return this.#results(this.#createRun(options), groups, this.#parseInOrder(options), options);
  }

  /**
   * `run` for small batches. Nothing that was answered is lost where the batch stops early: `stopped` then says why.
   *
   * @returns one result for each request, in their order (unless `order` is `"completion"`).
   * @throws RunStoppedError, which has these results, when it stops early and `throwOnStop` is set.
   * @throws ConfigurationError for an option that does not exist.
   */
  async processBatch(requests: Iterable<RequestLike | BatchInput>, options: BatchOptions = {}): Promise<BatchResults> {
    checkBatchOptions(options);
    const all = [...requests];
    const results: BatchResults = [];
    const run = this.#createRun(options);
    const parse = this.#parseInOrder(options);
    try {
      for await (const group of this.#results(run, [all], parse, options)) results.push(...group);
    } catch (error) {
      if (!(error instanceof RunStoppedError)) throw error;
      results.stopped = { reason: error.reason, message: error.message };
      for (const request of all.slice(results.length)) results.push(run.unsent(parse(request), results.length));
      if (options.throwOnStop) throw new RunStoppedError(results.stopped, results);
    }
    return results;
  }

  /**
   * One request by itself, through the same cache, limits and retries.
   *
   * @returns its result, whatever goes wrong.
   * @throws ConfigurationError for an option that does not exist.
   */
  async send(request: RequestLike | BatchInput, options: CallOptions = {}): Promise<BatchResult> {
    checkCallOptions(options);
    const run = new Run(this.#settings(options, this.#quota));
    const ended = this.#underWay.begin(run, options.signal);
    try {
      return await run.execute(this.#parseInOrder(options)(request));
    } finally {
      ended();
    }
  }

  /** The older name of `send`. */
  execute(request: RequestLike | BatchInput, options: CallOptions = {}): Promise<BatchResult> {
    return this.send(request, options);
  }

  /**
   * One question whose answer is wanted as it comes, through the same limits and retries, without the cache. `stream` need not stand in
   * its body.
   *
   * @param question A prompt, messages, or a whole request.
   * @param body Members of the body: `model`, `temperature` …
   * @returns its pieces, each with what it adds to the text; `text()` gives all of it. The loop over it, and `text()`, throw a
   *   `RequestFailedError` when there is no answer, or it breaks off: it is asked again only as long as nothing of it has come.
   * @throws ConfigurationError for an option that does not exist, and a body that cannot be sent.
   */
  stream(question: Question, body: BodyMembers = {}, options: CallOptions = {}): AnswerStream {
    checkCallOptions(options);
    const request = this.#parseInOrder(options)(this.#requestOf(question, body, options));
    return new AnswerStream(
      streamRequest(request, this.#settings(options, this.#quota), (stop) => this.#underWay.begin(stop, options.signal)),
    );
  }

  /**
   * One request whose answer is passed on as it comes, for servers: with the text of each event as received, and with the cache only as
   * far as `caching` says. It is asked again only as long as no event was passed on.
   */
  live(request: BatchRequest, options: LiveOptions): LiveAnswer {
    const { cache } = this.#parts.options;
    if (cache !== undefined) this.#liveCache ??= new LiveCache(cache, (message) => this.#parts.emitter.warnOnce("live", message));
    this.#live ??= this.#settings({}, this.#quota);
    return answerLive(request, this.#live, options, this.#underWay, this.#liveCache);
  }

  /**
   * The answer to one question, through the same cache, limits and retries.
   *
   * @param question A prompt, messages, or a whole request. Which API a prompt is for is the provider's choice.
   * @param body Members of the body: `model`, `temperature` …; `provider` names the provider, where the manager knows several.
   * @throws RequestFailedError when it has none in the end.
   * @throws ConfigurationError for an option that does not exist, and a body that cannot be sent.
   */
  async complete(question: Question, body: BodyMembers = {}, options: CallOptions = {}): Promise<Completion> {
    return completionOf(await this.send(this.#requestOf(question, body, options), options));
  }

  /**
   * Stops all runs and calls: no request is sent from now on, those in flight may take `drainMs` more and are kept. Runs then throw
   * `RunStoppedError` with that message; calls that were cut short fail as `cancelled`.
   */
  stop(message = "the run was interrupted"): void {
    this.#underWay.stop({ reason: "interrupted", message });
  }

  /** What is in flight, what waits, and for what. */
  limiterStatus(): LimiterStatus {
    return this.#parts.limiter.status();
  }

  /** Whether the cache that live requests use works; undefined as long as none has used it. */
  liveCacheStatus(): "ok" | "failed" | undefined {
    return this.#liveCache?.status;
  }

  /** What is spent, held and reserved of the caps that are set, and what they are. */
  budgetStatus(): BudgetStatus {
    return this.#parts.budget.status();
  }

  /** For each model that was asked for: the limits that are set or were learned, what is left of them, and what it waits for. @param model Of that one alone. @default all */
  rateLimitStatus(model?: string): RateLimitStatus[] {
    return this.#parts.limiter.rateLimits(model);
  }

  /** Forgets what was learned of limits, ends pauses, and fills up the limits that are set. */
  resetRateLimit(): void {
    this.#parts.limiter.resetRateLimits();
  }

  /** Stops what still runs, then closes the provider's connections and the cache, unless another manager uses them, too. */
  close(): Promise<void> {
    this.stop("the request manager was closed");
    this.#closing ??= closeResources(this.#parts.options);
    return this.#closing;
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#results(
    run: Run,
    groups: Inputs<Iterable<RequestLike | BatchInput>>,
    parse: (request: RequestLike | BatchInput) => BatchInput,
    { signal }: RunOptions,
  ): AsyncGenerator<readonly BatchResult[]> {
    const ended = this.#underWay.begin(run, signal);
    try {
      yield* run.results(groups, parse);
    } finally {
      ended();
      this.#parts.preparer.sumUp();
    }
  }

  #requestOf(question: Question, body: BodyMembers, options: CallOptions): RequestLike {
    return requestOf(question, body, options, this.#inputs);
  }

  #parseInOrder(call: CallOptions): (request: RequestLike | BatchInput) => BatchInput {
    return parseInOrder(this.#inputs, call, (message) => this.#parts.emitter.emit({ type: "warning", message }));
  }

  #createRun(call: CallOptions): Run {
    return new Run(this.#settings(call, new RetryQuota()));
  }

  #settings(call: CallOptions, quota: RetryQuota): RunSettings {
    return runSettings(this.#parts, quota, call);
  }
}
