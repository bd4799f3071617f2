import { setMaxListeners } from "node:events";
import { DigestCounts } from "../model/digest-counts.ts";
import { CacheError, RunStoppedError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { cancelled } from "../model/failure.ts";
import { fingerprint, fingerprintOfOccurrence } from "../model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import { failedUnasked, type NamedRequest, RequestWalk, type RequestWalkOptions } from "./request-walk.ts";
import { RequestWindow } from "./request-window.ts";
import { type Place, ResultQueue, type ResultQueueOptions } from "./result-queue.ts";
import { type MaxFailures, type Stop, StopConditions } from "./stop-conditions.ts";
import { Wakeup } from "./wakeup.ts";

export interface RunOptions {
  readonly concurrency: number;
  readonly drainMs: number;
  readonly deadlineMs: number | undefined;
  readonly maxFailures: MaxFailures | undefined;
  readonly queue: ResultQueueOptions;
  readonly walk: Omit<RequestWalkOptions, "onAttempt" | "onOutage" | "waitSignal" | "attemptSignal">;
}

export type Inputs<Item> = AsyncIterable<Item> | Iterable<Item>;

const longestTimerMs = 2 ** 31 - 1;

/** One pass over one batch: reads ahead, sends requests on their walk, lets results leave in order, and knows how to stop. */
export class Run {
  readonly #options: RunOptions;
  readonly #emit: Observer;
  readonly #walk: RequestWalk;
  readonly #window: RequestWindow;
  readonly #queue: ResultQueue;
  readonly #stopConditions: StopConditions;
  readonly #occurrences = new DigestCounts();
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
    setMaxListeners(0, this.#waits.signal, this.#attempts.signal);
    this.#walk = new RequestWalk({
      ...options.walk,
      onAttempt: (attempt, model) => this.#stopIf(this.#stopConditions.observeAttempt(attempt, model)),
      onOutage: (outage, why) => this.#stopIf(this.#stopConditions.observeOutage(outage, why)),
      waitSignal: this.#waits.signal,
      attemptSignal: this.#attempts.signal,
    });
    this.#window = new RequestWindow(options.concurrency);
    this.#queue = new ResultQueue(options.queue);
    this.#stopConditions = new StopConditions(options.maxFailures, options.walk.retryRules.policy.maxWaitMs);
  }

  /** @see RequestManager.run */
  async *results<Item>(items: Inputs<Item>, parse: (item: Item) => BatchInput): AsyncGenerator<BatchResult> {
    const deadline = this.#startDeadline();
    void this.#feed(items, parse);
    try {
      for await (const result of this.#queue.leave()) {
        if (wasCancelled(result)) {
          if (this.#options.queue.inOrder) break;
          continue;
        }
        this.#left += 1;
        yield result;
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
    const named = this.#name(input);
    try {
      return await this.#answer(named);
    } catch (error) {
      return failedUnasked(input, named.id, { kind: "internal", message: messageOf(error), retryable: false });
    }
  }

  /** No request is sent from now on; those in flight may take `drainMs` more. The first reason given stands. */
  stop(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#waits.abort();
    this.#change.fire();
    if (this.#window.isEmpty) this.#queue.end();
    else this.#drainTimer = setTimeout(() => this.#attempts.abort(), this.#options.drainMs);
  }

  /** Lets requests in as there is room, until there are no more of them or the run is stopped. */
  async #feed<Item>(items: Inputs<Item>, parse: (item: Item) => BatchInput): Promise<void> {
    try {
      for await (const item of items) {
        while (this.#isFull && this.#stop === undefined) await this.#change.wait();
        if (this.#stop !== undefined) return;
        this.#begin(parse(item));
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
    if (input.kind === "invalid-line") {
      this.#finish(failedUnasked(input, resultId(input.digest), input.failure), place);
    } else {
      this.#window.enter(input.body.length);
      void this.#complete(input, this.#name(input), place);
    }
  }

  /** The n-th identical request must be the n-th in every run, so names are given in the order of the input. */
  #name(request: BatchRequest): NamedRequest {
    const { provider, dedupe } = this.#options.walk;
    const first = fingerprint(provider.endpoint(request) ?? request.path, request.body);
    const name = fingerprintOfOccurrence(first, this.#occurrences.addDigest(first));
    return { request, id: resultId(name), key: dedupe ? first : name };
  }

  async #complete(request: BatchRequest, named: NamedRequest, place: Place): Promise<void> {
    try {
      this.#finish(await this.#answer(named), place);
    } catch (error) {
      this.#error ??= error;
      this.stop({ reason: "interrupted", message: messageOf(error) });
    }
    this.#window.leave(request.body.length);
    this.#change.fire();
    if (this.#stop !== undefined && this.#window.isEmpty) this.#queue.end();
  }

  async #answer(named: NamedRequest): Promise<BatchResult> {
    const { request, id } = named;
    const { provider } = this.#options.walk;
    if (provider.endpoint(request) === undefined) {
      const message = `${provider.name} cannot be asked at ${request.path}`;
      return failedUnasked(request, id, { kind: "invalid_request", message, retryable: false });
    }
    try {
      return await this.#walk.walk(named);
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      this.stop({ reason: "cache", message: error.message });
      return failedUnasked(request, id, cancelled(error.message));
    }
  }

  #finish(result: BatchResult, place: Place): void {
    this.#emit({ type: "request-end", result });
    this.#queue.fill(place, result);
    this.#stopIf(this.#stopConditions.observeResult(result));
  }

  #stopIf(stop: Stop | undefined): void {
    if (stop !== undefined) this.stop(stop);
  }

  #startDeadline(): NodeJS.Timeout | undefined {
    const { deadlineMs } = this.#options;
    if (deadlineMs === undefined || deadlineMs > longestTimerMs) return undefined;
    const message = `the deadline of ${deadlineMs / 1000} s has passed`;
    return setTimeout(() => this.stop({ reason: "deadline", message }), deadlineMs);
  }

  #checkAccount(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#stop !== undefined) throw new RunStoppedError(this.#stop.reason, this.#stop.message);
    if (this.#left !== this.#entered)
      throw new Error(`a bug in llmbatch: ${this.#entered} requests went in, but ${this.#left} results came out`);
  }
}

function resultId(name: string): string {
  return `batch_req_${name.slice(0, 24)}`;
}

function wasCancelled(result: BatchResult): boolean {
  return result.status === "failed" && result.failure.kind === "cancelled";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
