import type { CacheStore } from "../caches/caches.ts";
import type { Limiter } from "../limiters/limiters.ts";
import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import type { Observer } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { Provider } from "../providers/providers.ts";
import { retry, type RetryRules } from "../retry/retry.ts";
import { Journey } from "./journey.ts";
import { RecallQueue } from "./queues/recall-queue.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, sharedResult, succeededResult } from "./results.ts";
import type { RunStop } from "./stops/run-stop.ts";
import { sendAttempt } from "./send-attempt.ts";
import { reasonNotToSend } from "./sendable.ts";

export interface RequestWalkOptions {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly cache: CacheStore | undefined;
  readonly refresh: boolean;
  readonly dedupe: boolean;
  readonly retryRules: RetryRules;
  readonly emit: Observer;
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
   * @param write Takes the result, once. Failures are results.
   * @throws CacheError when the cache cannot be read or written; any other error is a bug. There is no result then.
   */
  async walk(input: BatchInput, write: (result: BatchResult) => void): Promise<void> {
    const journey = this.#read(input);
    if (!(journey instanceof Journey)) return this.#write(journey, write);
    const result = await this.#once(journey, async () => {
      const recalled = await this.#recall(journey);
      if (recalled !== undefined) return recalled;
      return this.#retry(journey, () =>
        this.#acquire(journey, async (target) => {
          const attempt = await this.#send(journey, target);
          await this.#commit(journey, attempt);
          return attempt;
        }),
      );
    });
    this.#write(result, write);
  }

  /** @returns the result already of a line that cannot be sent. */
  #read(input: BatchInput): Journey | BatchResult {
    const { provider, emit } = this.#options;
    emit({ type: "request-start", customId: input.customId, lineNumber: input.lineNumber });
    if (input.kind === "invalid-line") return failedResult({ request: input, id: this.#names.idOf(input) }, input, 0);
    const journey = new Journey(input, this.#names.name(input), provider, this.#stop.refusals);
    const failure = reasonNotToSend(input, provider);
    return failure === undefined ? journey : failedResult(journey, { failure }, 0);
  }

  /** With `dedupe`, requests that are identical to one under way share what becomes of it. */
  #once(journey: Journey, walk: () => Promise<BatchResult>): Promise<BatchResult> {
    if (!this.#options.dedupe) return walk();
    const first = this.#underWay.get(journey.key);
    if (first !== undefined) return first.then((result) => sharedResult(journey, result));
    const result = walk().finally(() => this.#underWay.delete(journey.key));
    this.#underWay.set(journey.key, result);
    return result;
  }

  async #recall(journey: Journey): Promise<BatchResult | undefined> {
    const response = await this.#recalls?.recall(journey.key);
    return response && succeededResult(journey, response, "cache", 0);
  }

  async #retry(journey: Journey, ask: () => Promise<Attempt>): Promise<BatchResult> {
    const { retryRules, emit } = this.#options;
    const { customId, lineNumber } = journey.request;
    const { attempt } = await retry(
      async (number) => {
        journey.begin(number);
        return journey.marked(await ask());
      },
      retryRules,
      this.#stop.waitSignal,
      (wait) => {
        emit({ type: "retry-wait", customId, lineNumber, ...wait });
        this.#noteOutage(journey, wait.failure);
      },
    );
    if (attempt.ok) return succeededResult(journey, attempt.response, "asked", journey.sent);
    this.#noteOutage(journey, attempt.failure);
    return failedResult(journey, { ...attempt, failure: journey.explain(attempt.failure) }, journey.sent);
  }

  /** The slot is held until the answer is committed, so that a sudden end never costs more answers than there are slots. */
  async #acquire(journey: Journey, task: (target: Target) => Promise<Attempt>): Promise<Attempt> {
    for (;;) {
      const { demand } = journey;
      if (demand.candidates.length === 0) return { ok: false, failure: this.#stop.refusals.unsent(journey.request.model) };
      const signal = this.#stop.startSignal;
      const attempt = await this.#options.limiter.run(demand, task, signal);
      const wasCancelled = !attempt.ok && attempt.failure.kind === "cancelled";
      if (!wasCancelled || !signal.aborted || this.#stop.reason !== undefined) return attempt;
    }
  }

  async #send(journey: Journey, target: Target): Promise<Attempt> {
    const { provider, emit } = this.#options;
    this.#stop.startAttempt(target, journey);
    const attempt = await sendAttempt(journey, target, { provider, emit, signal: this.#stop.attemptSignal });
    const message = this.#stop.observeAttempt(attempt, target, journey);
    if (message !== undefined) emit({ type: "warning", message });
    return attempt;
  }

  async #commit(journey: Journey, attempt: Attempt): Promise<void> {
    if (!attempt.ok) return;
    try {
      await this.#options.cache?.set(journey.key, attempt.response);
    } catch (error) {
      this.#stop.cacheFailed(error); // before another request starts in its place, whose answer would be lost as well
      throw error;
    }
  }

  #write(result: BatchResult, write: (result: BatchResult) => void): void {
    this.#options.emit({ type: "request-end", result });
    write(result);
    this.#stop.observeResult(result);
  }

  /** A request that can go to another target says nothing of an outage that ends the run. */
  #noteOutage(journey: Journey, { outage, message }: Failure): void {
    if (outage !== undefined && !journey.canGoElsewhere) this.#stop.observeOutage(outage, message);
  }
}
