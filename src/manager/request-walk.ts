import type { CacheStore } from "../caches/caches.ts";
import type { Limiter } from "../limiters/limiters.ts";
import type { Attempt, SucceededAttempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { CacheError, messageOf } from "../model/errors.ts";
import { cancelled, type Failure, internal } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { Provider } from "../providers/providers.ts";
import { retry, type RetryRules } from "../retry/retry.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { CallOptions } from "./call-options.ts";
import type { Budget } from "./money/budget.ts";
import type { Costs } from "./money/costs.ts";
import type { Emitter } from "./emitter.ts";
import { Journey } from "./journey.ts";
import type { Preparer } from "./preparing/preparer.ts";
import { RecallQueue } from "./queues/recall-queue.ts";
import type { CountTokens } from "./request-manager-options.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, type ResultLine, sharedResult, succeededResult } from "./results.ts";
import type { RunStop } from "./stops/run-stop.ts";
import { sendAttempt } from "./send-attempt.ts";
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

/** Walks the lines of one run, each from its reading to its result, side by side. */
export class RequestWalk {
  readonly #options: RequestWalkOptions;
  readonly #stop: RunStop;
  readonly #names: RequestNames;
  /** Undefined where nothing is to be recalled. */
  readonly #recalls: RecallQueue | undefined;
  /** With `dedupe`, by key: what becomes of the requests under way. */
  readonly #underWay = new Map<string, Promise<BatchResult>>();

  /** @param roomForAnswers Waited for before more answers are read from the cache. */
  constructor(options: RequestWalkOptions, stop: RunStop, roomForAnswers: () => Promise<void>) {
    const { provider, cache, refresh, dedupe } = options;
    this.#options = options;
    this.#stop = stop;
    this.#names = new RequestNames(provider, dedupe);
    this.#recalls = cache === undefined || refresh ? undefined : new RecallQueue(cache, roomForAnswers);
  }

  /**
   * The walk of one line: six steps, one below the other. Lines are named in the order in which this is called.
   *
   * @param index How many lines came before it.
   * @param write Takes the result, once. Failures are results, and so is what a part of the program's own throws.
   * @throws only what `write` throws.
   */
  async walk(input: BatchInput, index: number, write: (result: BatchResult) => void): Promise<void> {
    const { cache } = this.#options;
    const journey = this.#read(input, index);
    if (!(journey instanceof Journey)) return this.#write(journey, input, write);
    const result = await this.#once(journey, async () => {
      try {
        const recalled = this.#recalls === undefined ? undefined : await this.#recall(journey, this.#recalls);
        if (recalled !== undefined) return recalled;
        return await this.#retry(journey, () =>
          this.#acquire(journey, async (target) => {
            const attempt = await this.#send(journey, target);
            return cache === undefined || !attempt.ok ? attempt : this.#commit(journey, attempt, cache);
          }),
        );
      } catch (error) {
        return failedResult(journey, { failure: internal(messageOf(error)) }, journey.sent);
      }
    });
    this.#write(result, input, write);
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

  /** With `dedupe`, requests that are identical to one under way share what becomes of it. */
  #once(journey: Journey, walk: () => Promise<BatchResult>): Promise<BatchResult> {
    if (!this.#options.dedupe) return walk();
    const first = this.#underWay.get(journey.key);
    if (first !== undefined) return this.#stop.idle(first.then((result) => sharedResult(journey, result)));
    const result = walk().finally(() => this.#underWay.delete(journey.key));
    this.#underWay.set(journey.key, result);
    return result;
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

  async #retry(journey: Journey, ask: () => Promise<Attempt>): Promise<BatchResult> {
    const { retryRules, emitter, onRetry } = this.#options;
    const { attempt } = await retry(
      (number) => {
        journey.begin(number);
        return ask();
      },
      retryRules,
      this.#stop.waitSignal,
      (wait) => {
        emitter.tellRetry(journey.request, wait, onRetry);
        this.#noteOutage(journey, wait.failure);
      },
    );
    if (attempt.ok) return succeededResult(journey, attempt.response, "asked", journey.sent);
    const { failure } = attempt;
    this.#noteOutage(journey, failure);
    if (await this.#stop.standBy(failure)) return this.#retry(journey, ask);
    const isLeft = failure.closure !== undefined && this.#stop.reason !== undefined;
    const cause = isLeft || failure.kind === "cancelled" ? this.#cancelled(failure) : journey.explain(failure);
    return failedResult(journey, { ...attempt, failure: cause }, journey.sent);
  }

  /** The slot is held until the answer is committed, so that a sudden end never costs more answers than there are slots. */
  async #acquire(journey: Journey, task: (target: Target) => Promise<Attempt>): Promise<Attempt> {
    const { budget, limiter } = this.#options;
    for (;;) {
      const { demand } = journey;
      if (demand.candidates.length === 0) return { ok: false, failure: this.#stop.refusals.unsent(journey.request.model) };
      const signal = this.#stop.startSignal;
      const ask = (): Promise<Attempt> => limiter.run(demand, task, signal);
      const attempt = await budget.run(journey, demand, signal, this.#stop.budgetUsedUp, ask);
      const wasCancelled = !attempt.ok && attempt.failure.kind === "cancelled";
      if (!wasCancelled || !signal.aborted || this.#stop.reason !== undefined) return journey.marked(attempt);
    }
  }

  async #send(journey: Journey, target: Target): Promise<Attempt> {
    const { provider, emitter, timeoutMs, checks, costs } = this.#options;
    this.#stop.startAttempt(target, journey);
    const { emit } = emitter;
    const signal = this.#stop.attemptSignal;
    const attempt = await sendAttempt(journey, target, { provider, emit, timeoutMs, signal, checks, costs });
    const message = this.#stop.observeAttempt(attempt, target, journey);
    if (message !== undefined) emit({ type: "warning", message });
    return attempt;
  }

  /** An answer that cannot be kept does not count. It stands in the result all the same, for it is paid for. */
  async #commit(journey: Journey, attempt: SucceededAttempt, cache: CacheStore): Promise<Attempt> {
    try {
      await cache.set(journey.key, attempt.response);
      return attempt;
    } catch (error) {
      // The run stops before another request starts in its place, whose answer would be lost as well.
      return { ...attempt, ok: false, failure: this.#cacheFailure(error) };
    }
  }

  #write(result: BatchResult, input: BatchInput, write: (result: BatchResult) => void): void {
    const counted = this.#options.emitter.end(input, result);
    write(counted);
    this.#stop.observeResult(counted);
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
