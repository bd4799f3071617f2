import type { CacheStore } from "../caches/caches.ts";
import type { Limiter } from "../limiters/limiters.ts";
import type { Attempt, FailedAttempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { CacheError, messageOf } from "../model/errors.ts";
import { cancelled, type Failure, internal } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { Provider } from "../providers/providers.ts";
import { Retries, type RetryRules } from "../retry/retry.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { CallOptions } from "./call-options.ts";
import type { Budget } from "./money/budget.ts";
import type { Costs } from "./money/costs.ts";
import type { Emitter } from "./emitter.ts";
import { Journey } from "./journey.ts";
import type { Preparer } from "./preparing/preparer.ts";
import { IdenticalRequests } from "./queues/identical-requests.ts";
import { RecallQueue } from "./queues/recall-queue.ts";
import type { CountTokens } from "./request-manager-options.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, type ResultLine, sharedResult, succeededResult } from "./results.ts";
import type { RunStop } from "./stops/run-stop.ts";
import { type SendAttemptOptions, sendAttempt } from "./send-attempt.ts";
import { reasonNotToSend } from "./sendable.ts";

export interface RequestWalkOptions extends Pick<CallOptions, "timeoutMs" | "onRetry"> {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly cache: CacheStore | undefined;
  readonly refresh: boolean;
  readonly dedupe: boolean;
  readonly checks: AnswerChecks;
  readonly retryRules: RetryRules;
  readonly emitter: Emitter;
  readonly costs: Costs;
  readonly budget: Budget;
  readonly preparer: Preparer;
  readonly countTokens?: CountTokens | undefined;
}

/** Takes the result of a line, once. Must not throw. */
export type WriteResult = (result: BatchResult, input: BatchInput) => void;

/** Walks the lines of one run, each from its reading to its result, side by side. */
export class RequestWalk {
  readonly #options: RequestWalkOptions;
  readonly #stop: RunStop;
  readonly #names: RequestNames;
  /** Undefined where nothing is to be recalled. */
  readonly #recalls: RecallQueue | undefined;
  /** Undefined without `dedupe`. */
  readonly #identical: IdenticalRequests | undefined;
  readonly #sending: SendAttemptOptions;

  /** @param roomForAnswers Waited for before more answers are read from the cache. */
  constructor(options: RequestWalkOptions, stop: RunStop, roomForAnswers: () => Promise<void>) {
    const { provider, cache, refresh, dedupe, emitter, costs, checks, timeoutMs } = options;
    this.#options = options;
    this.#stop = stop;
    this.#names = new RequestNames(provider, dedupe);
    this.#recalls = cache === undefined || refresh ? undefined : new RecallQueue(cache, roomForAnswers);
    this.#identical = dedupe ? new IdenticalRequests() : undefined;
    const { emit } = emitter;
    this.#sending = { provider, emit, costs, checks, timeoutMs, signal: stop.attemptSignal, onEnd: this.#onAttemptEnd };
  }

  /**
   * The walk of one line: six steps, one below the other. Lines are named in the order in which this is called. It is one frame, because
   * thousands of lines are under way at a time, and each frame more is 600 bytes of a line that outlive young collections.
   *
   * @param index How many lines came before it.
   * @param write Takes the result. Failures are results, and so is what a part of the program's own throws.
   */
  async walk(input: BatchInput, index: number, write: WriteResult): Promise<void> {
    const journey = this.#read(input, index);
    if (!(journey instanceof Journey)) return write(journey, input);
    let key: string | undefined;
    let first: Promise<BatchResult> | undefined;
    let result: BatchResult | undefined;
    try {
      key = this.#identical && journey.key;
      first = key === undefined ? undefined : this.#identical?.follow(key);
      if (first !== undefined) result = sharedResult(journey, await this.#stop.idle(first));
      else if (this.#recalls !== undefined) result = await this.#recall(journey, this.#recalls);
      const retries = new Retries(this.#options.retryRules);
      journey.begin(1);
      while (result === undefined) {
        const { startSignal } = this.#stop;
        const send = (target: Target): Promise<Attempt> => this.#commit(journey, this.#send(journey, target));
        const attempt = await this.#acquire(journey, startSignal, send);
        if (attempt.ok) {
          retries.succeeded();
          result = succeededResult(journey, attempt.response, "asked", journey.sent);
        } else if (!this.#mayStartElsewhere(attempt, startSignal)) result = await this.#waitToRetry(journey, attempt, retries);
      }
    } catch (error) {
      result = failedResult(journey, { failure: internal(messageOf(error)) }, journey.sent);
    }
    if (first === undefined && key !== undefined) this.#identical?.end(key, result);
    write(result, input);
  }

  /** The result of a line that the run does not come to. */
  unsent(input: BatchInput, index: number): BatchResult {
    const failure = input.kind === "invalid-line" ? input.failure : this.#cancelled();
    const id = this.#names.idOf(this.#options.preparer.prepared(input));
    return failedResult({ id, index, request: input }, { failure }, 0);
  }

  /** @returns the result already of a line that cannot be sent. */
  #read(input: BatchInput, index: number): Journey | BatchResult {
    const { provider, emitter, checks, preparer, countTokens } = this.#options;
    const { customId, lineNumber } = input;
    let journey: Journey | undefined;
    let failure: Failure | undefined;
    try {
      const ready = input.kind === "request" ? preparer.prepare(input) : undefined;
      if (ready !== undefined)
        journey = new Journey(ready, index, this.#names.name(ready.request), provider, this.#stop.refusals, countTokens);
      emitter.emit({ type: "request-start", customId, lineNumber });
      if (ready !== undefined) preparer.tell(ready);
      failure = input.kind === "request" ? (reasonNotToSend(input, provider) ?? checks.refusal(input)) : input.failure;
      if (journey !== undefined && failure === undefined) return journey;
    } catch (error) {
      failure = internal(messageOf(error));
    }
    const line: ResultLine = journey ?? { id: this.#names.spareId(input), index, request: input };
    return failedResult(line, { failure: failure ?? internal("it could not be read") }, 0);
  }

  async #recall(journey: Journey, recalls: RecallQueue): Promise<BatchResult | undefined> {
    try {
      const response = await recalls.recall(journey.key);
      if (response === undefined) return undefined;
      const refused = this.#options.checks.refuse(journey, response);
      if (refused !== undefined) return refused.failure.retryable ? undefined : failedResult(journey, refused, 0);
      journey.savedUsd = this.#options.costs.savedBy(response.usage, journey.request);
      return succeededResult(journey, response, "cache", 0);
    } catch (error) {
      return failedResult(journey, { failure: this.#cacheFailure(error) }, 0);
    }
  }

  /** Waits for the budget and the limiter. @param send Run while the slot is held. */
  #acquire(journey: Journey, signal: AbortSignal, send: (target: Target) => Promise<Attempt>): Promise<Attempt> {
    const { budget, limiter } = this.#options;
    const { demand } = journey;
    if (demand.candidates.length === 0)
      return Promise.resolve({ ok: false, failure: this.#stop.refusals.unsent(journey.request.model) });
    return budget.run(journey, demand, signal, this.#stop.budgetUsedUp, () => limiter.run(demand, send, signal));
  }

  #send(journey: Journey, target: Target): Promise<Attempt> {
    this.#stop.startAttempt(target, journey);
    return sendAttempt(journey, target, this.#sending);
  }

  readonly #onAttemptEnd: SendAttemptOptions["onEnd"] = (attempt, target, journey) => {
    const message = this.#stop.observeAttempt(attempt, target, journey);
    if (message !== undefined) this.#options.emitter.emit({ type: "warning", message });
  };

  /**
   * The slot is held until the answer is in the cache, so that a sudden end never costs more answers than there are slots. One that cannot be
   * kept does not count. It stands in the result all the same, for it is paid for.
   */
  #commit(journey: Journey, sent: Promise<Attempt>): Promise<Attempt> {
    const { cache } = this.#options;
    return cache === undefined ? sent : this.#commitTo(cache, journey, sent);
  }

  async #commitTo(cache: CacheStore, journey: Journey, sent: Promise<Attempt>): Promise<Attempt> {
    const attempt = await sent;
    if (!attempt.ok) return attempt;
    try {
      await cache.set(journey.key, attempt.response);
      return attempt;
    } catch (error) {
      // The run stops before another request starts in its place, whose answer would be lost as well.
      return { ...attempt, ok: false, failure: this.#cacheFailure(error) };
    }
  }

  /** Its model was condemned at a target while it waited there. */
  #mayStartElsewhere({ failure }: FailedAttempt, startSignal: AbortSignal): boolean {
    return failure.kind === "cancelled" && startSignal.aborted && this.#stop.reason === undefined;
  }

  /** @returns undefined when the next attempt is due, its result where there is none. */
  async #waitToRetry(journey: Journey, attempt: FailedAttempt, retries: Retries): Promise<BatchResult | undefined> {
    const { emitter, onRetry } = this.#options;
    let last: FailedAttempt | undefined;
    const next = retries.failed(journey.marked(attempt));
    if ("waitMs" in next) {
      emitter.tellRetry(journey.request, next, onRetry);
      this.#noteOutage(journey, next.failure);
      last = await retries.rest(next, this.#stop.waitSignal);
    } else last = next;
    if (last !== undefined) {
      this.#noteOutage(journey, last.failure);
      if (!(await this.#stop.standBy(last.failure))) return this.#gaveUp(journey, last);
      retries.forget();
    }
    journey.begin(retries.attempts + 1);
    return undefined;
  }

  #gaveUp(journey: Journey, attempt: FailedAttempt): BatchResult {
    const { failure } = attempt;
    const isLeft = failure.closure !== undefined && this.#stop.reason !== undefined;
    const cause = isLeft || failure.kind === "cancelled" ? this.#cancelled(failure) : journey.explain(failure);
    return failedResult(journey, { ...attempt, failure: cause }, journey.sent);
  }

  /** A request that can go to another target says nothing of an outage that ends the run. */
  #noteOutage(journey: Journey, { outage, message }: Failure): void {
    if (outage !== undefined && !journey.canGoElsewhere) this.#stop.observeOutage(outage, message);
  }

  /** What a broken cache does to a line: `CacheError` stops the run, anything else is this line's. */
  #cacheFailure(error: unknown): Failure {
    if (error instanceof CacheError) {
      this.#stop.cacheFailed(error);
      return this.#cancelled();
    }
    this.#options.emitter.warnOnce("cache", `the cache failed: ${messageOf(error)}`);
    return internal(`the cache failed: ${messageOf(error)}`);
  }

  /** Of a request that the end of the run cut short. Nothing else may cut one short. */
  #cancelled(failure?: Failure): Failure {
    const { reason } = this.#stop;
    return reason === undefined ? internal(failure?.message ?? "cancelled") : cancelled(`the run was stopped: ${reason.message}`);
  }
}
