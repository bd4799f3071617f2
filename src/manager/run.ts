import { setMaxListeners } from "node:events";
import { CacheError, RunStoppedError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { cancelled, internal } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import { AskingQueue } from "./asking-queue.ts";
import { startDeadline } from "./deadline.ts";
import { leavingResults } from "./leaving-results.ts";
import { Recall } from "./recall.ts";
import { RequestNames, resultId } from "./request-names.ts";
import { failedUnasked, type NamedRequest, recalled, RequestWalk, unanswerable } from "./request-walk.ts";
import { RequestWindow } from "./request-window.ts";
import type { Inputs, RunOptions } from "./run-options.ts";
import { type Place, ResultQueue } from "./result-queue.ts";
import { type Stop, StopConditions } from "./stop-conditions.ts";
import { Wakeup } from "./wakeup.ts";

/** A request under way, and the place that is kept for its result. */
interface Entered extends NamedRequest {
  readonly place: Place;
}

/** One pass over one batch: reads ahead, sends requests on their walk, lets results leave in order, and knows how to stop. */
export class Run {
  readonly #options: RunOptions;
  readonly #emit: Observer;
  readonly #names: RequestNames;
  readonly #walk: RequestWalk;
  readonly #window: RequestWindow;
  /** Undefined where each request looks for its answer by itself, or there is nothing to be recalled. */
  readonly #recall: Recall<Entered> | undefined;
  /** Whether a request that comes to be asked has neither to look for its answer nor to share one. */
  readonly #asksAtOnce: boolean;
  readonly #asking: AskingQueue<Entered>;
  readonly #queue: ResultQueue;
  readonly #stopConditions: StopConditions;
  readonly #waits = new AbortController();
  readonly #attempts = new AbortController();
  /** Something left the window or the queue, or the run was stopped. */
  readonly #change = new Wakeup();
  #stop: Stop | undefined;
  /** What ended the run beside a stop: an unreadable input, a full disk, a bug. */
  #error: unknown;
  #drainTimer: NodeJS.Timeout | undefined;
  #entered = 0;
  #left = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#emit = options.walk.emit;
    this.#names = new RequestNames(options.walk.provider, options.walk.dedupe);
    setMaxListeners(0, this.#waits.signal, this.#attempts.signal);
    this.#walk = new RequestWalk({
      ...options.walk,
      emit: this.#emitOfWalk,
      onAttempt: (attempt, model) => this.#stopIf(this.#stopConditions.observeAttempt(attempt, model)),
      onCommitFailure: (error) => this.stop({ reason: "cache", message: messageOf(error) }),
      onOutage: (outage, why) => this.#stopIf(this.#stopConditions.observeOutage(outage, why)),
      waitSignal: this.#waits.signal,
      attemptSignal: this.#attempts.signal,
    });
    const { cache, refresh, dedupe } = options.walk;
    this.#recall = this.#createRecall();
    this.#asksAtOnce = !dedupe && (this.#recall !== undefined || cache === undefined || refresh);
    this.#asking = new AskingQueue(options.walk.limiter, options.concurrency, (entered) => void this.#complete(entered));
    this.#window = new RequestWindow(options.concurrency);
    this.#queue = new ResultQueue(options.queue);
    this.#stopConditions = new StopConditions(options.maxFailures, options.walk.retryRules.policy.maxWaitMs);
  }

  /** @see RequestManager.runInGroups */
  async *results<Item>(
    groups: Inputs<Iterable<Item>>,
    parse: (item: Item) => BatchInput,
  ): AsyncGenerator<readonly BatchResult[]> {
    const deadline = startDeadline(this.#options.deadlineMs, (stop) => this.stop(stop));
    void this.#feed(groups, parse);
    try {
      for await (const group of this.#queue.leave()) {
        const results = leavingResults(group, this.#options.queue.inOrder);
        this.#left += results.length;
        if (results.length > 0) yield results;
        if (results.length < group.length && this.#options.queue.inOrder) break;
        this.#change.fire();
      }
    } finally {
      clearTimeout(deadline);
      if (!this.#window.isEmpty) this.stop({ reason: "interrupted", message: "the results were not wanted any more" });
      while (!this.#window.isEmpty) await this.#change.wait();
      clearTimeout(this.#drainTimer);
      this.#queue.close();
    }
    this.#checkAccount();
  }

  /** One request by itself. Never rejects; what would end a run is a failure of kind `internal`. */
  async execute(input: BatchInput): Promise<BatchResult> {
    this.#emit({ type: "request-start", customId: input.customId, lineNumber: input.lineNumber });
    const result = await this.#executeQuietly(input);
    this.#emit({ type: "request-end", result });
    return result;
  }

  async #executeQuietly(input: BatchInput): Promise<BatchResult> {
    if (input.kind === "invalid-line") return failedUnasked(input, resultId(input.digest), input.failure);
    const named = this.#names.name(input);
    try {
      return unanswerable(named, this.#options.walk.provider) ?? (await this.#walk.walk(named));
    } catch (error) {
      return failedUnasked(input, named.id, internal(messageOf(error)));
    }
  }

  /** No request is sent from now on; those in flight may take `drainMs` more. The first reason given stands. */
  stop(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#waits.abort();
    this.#asking.handOnAll();
    this.#change.fire();
    if (this.#window.isEmpty) this.#queue.end();
    else this.#drainTimer = setTimeout(() => this.#attempts.abort(), this.#options.drainMs);
  }

  /** Lets requests in as there is room, until there are no more of them or the run is stopped. */
  async #feed<Item>(groups: Inputs<Iterable<Item>>, parse: (item: Item) => BatchInput): Promise<void> {
    try {
      for await (const group of groups) {
        for (const item of group) {
          while (this.#isFull && this.#stop === undefined) await this.#change.wait();
          if (this.#stop !== undefined) return;
          this.#begin(parse(item));
        }
      }
    } catch (error) {
      this.#error ??= error;
    }
    while (!this.#window.isEmpty) await this.#change.wait();
    this.#queue.end();
  }

  get #isFull(): boolean {
    return this.#window.isFull || this.#queue.isBackedUp;
  }

  #begin(input: BatchInput): void {
    const place = this.#queue.enter();
    this.#entered += 1;
    this.#emit({ type: "request-start", customId: input.customId, lineNumber: input.lineNumber });
    if (input.kind === "invalid-line") return this.#finish(failedUnasked(input, resultId(input.digest), input.failure), place);
    const { request, id, key } = this.#names.name(input);
    const entered = { request, id, key, place };
    const failed = unanswerable(entered, this.#options.walk.provider);
    if (failed !== undefined) return this.#finish(failed, place);
    this.#window.enter(input.body.length);
    if (this.#recall === undefined) this.#asking.add(entered);
    else this.#recall.add(entered);
  }

  #createRecall(): Recall<Entered> | undefined {
    const { cache, refresh, dedupe } = this.#options.walk;
    const getMany = cache?.getMany?.bind(cache);
    if (getMany === undefined || refresh || dedupe) return undefined;
    return new Recall<Entered>({
      getMany,
      keyOf: ({ key }) => key,
      onRecalled: (entered, answer) => {
        if (answer === undefined) this.#asking.add(entered);
        else this.#leave(entered, recalled(entered, answer));
      },
      onFailed: (entered, error) => this.#leave(entered, this.#resultOfError(entered, error)),
      onGroupEnd: (isAllKnown) => {
        this.#window.observeRecall(isAllKnown);
        this.#change.fire();
      },
    });
  }

  async #complete(entered: Entered): Promise<void> {
    let result: BatchResult | undefined;
    try {
      if (this.#asksAtOnce) result = await this.#walk.ask(entered);
      else result = await this.#walk.walk(entered);
    } catch (error) {
      result = this.#resultOfError(entered, error);
    }
    this.#leave(entered, result);
    this.#asking.end();
    this.#change.fire();
  }

  /** An error ends the run. @returns what becomes of the request that met it; nothing if that is a bug. */
  #resultOfError({ request, id }: Entered, error: unknown): BatchResult | undefined {
    const message = messageOf(error);
    if (error instanceof CacheError) {
      this.stop({ reason: "cache", message });
      return failedUnasked(request, id, cancelled(message));
    }
    this.#error ??= error;
    this.stop({ reason: "interrupted", message });
    return undefined;
  }

  #leave({ request, place }: Entered, result: BatchResult | undefined): void {
    try {
      if (result !== undefined) this.#finish(result, place);
    } catch (error) {
      this.#error ??= error;
      this.stop({ reason: "interrupted", message: messageOf(error) });
    }
    this.#window.leave(request.body.length);
    if (this.#stop !== undefined && this.#window.isEmpty) this.#queue.end();
  }

  /** A place at the limiter is free as soon as an attempt has started. */
  readonly #emitOfWalk: Observer = (event) => {
    this.#emit(event);
    if (event.type === "attempt-start") this.#asking.handOn();
  };

  #finish(result: BatchResult, place: Place): void {
    this.#emit({ type: "request-end", result });
    this.#queue.fill(place, result);
    this.#stopIf(this.#stopConditions.observeResult(result));
  }

  #stopIf(stop: Stop | undefined): void {
    if (stop !== undefined) this.stop(stop);
  }

  #checkAccount(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#stop !== undefined) throw new RunStoppedError(this.#stop.reason, this.#stop.message);
    if (this.#left !== this.#entered)
      throw new Error(`a bug in llmbatch: ${this.#entered} requests went in, but ${this.#left} results came out`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
