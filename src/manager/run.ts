import { RunStoppedError, type Stop, messageOf } from "../model/errors.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { Emitter } from "./emitter.ts";
import { RequestWalk, type WriteResult } from "./request-walk.ts";
import { RequestWindow } from "./queues/request-window.ts";
import type { Inputs } from "./inputs.ts";
import type { RunSettings } from "./run-settings.ts";
import { ResultQueue } from "./queues/result-queue.ts";
import { RunStop } from "./stops/run-stop.ts";
import { Wakeup } from "./queues/wakeup.ts";

/** One pass over one batch: reads ahead, sends requests on their walk, and lets results leave in order. */
export class Run {
  readonly #stop: RunStop;
  readonly #walk: RequestWalk;
  readonly #checks: AnswerChecks;
  readonly #emitter: Emitter;
  readonly #window: RequestWindow;
  readonly #queue: ResultQueue;
  /** Something left the window or the queue, or the run was stopped. */
  readonly #change = new Wakeup();
  /** What ended the run beside a stop: an unreadable input, a full disk, a bug. */
  #error: unknown;
  #entered = 0;
  #left = 0;

  constructor(options: RunSettings) {
    this.#stop = new RunStop(
      options.stop,
      () => this.#onStop(),
      () => this.#window.requests,
    );
    this.#checks = options.walk.checks;
    this.#emitter = options.walk.emitter;
    this.#walk = new RequestWalk(options.walk, this.#stop, () => this.#roomForAnswers());
    this.#window = new RequestWindow(options.concurrency);
    this.#queue = new ResultQueue(options.queue);
  }

  /** @see RequestManager.runInGroups */
  async *results<Item>(
    groups: Inputs<Iterable<Item>>,
    parse: (item: Item) => BatchInput,
  ): AsyncGenerator<readonly BatchResult[]> {
    const loading = this.#checks.load();
    if (loading !== undefined) await loading;
    this.#stop.startDeadline();
    void this.#feed(groups, parse);
    try {
      for await (const results of this.#queue.leave()) {
        this.#left += results.length;
        yield results;
        this.#change.fire();
      }
      if (this.#error === undefined) this.#stop.observeEnd();
    } finally {
      if (!this.#window.isEmpty) this.stop({ reason: "interrupted", message: "the results were not wanted any more" });
      while (!this.#window.isEmpty) await this.#change.wait();
      this.#stop.close();
      this.#queue.close();
    }
    this.#checkAccount();
  }

  /** One request by itself. */
  async execute(input: BatchInput): Promise<BatchResult> {
    try {
      await this.#checks.load();
      const result = await new Promise<BatchResult>((resolve) => void this.#walk.walk(input, 0, resolve));
      return this.#emitter.end(input, result);
    } finally {
      this.#stop.close();
    }
  }

  /** The result of a request that came after a stop. @param index How many came before it. */
  unsent(input: BatchInput, index: number): BatchResult {
    return this.#walk.unsent(input, index);
  }

  /** No request is sent from now on; those in flight may take `drainMs` more. The first reason given stands. */
  stop(stop: Stop): void {
    this.#stop.stop(stop);
  }

  /** Stops, and those in flight may take no more. */
  abort(stop: Stop): void {
    this.#stop.abort(stop);
  }

  #onStop(): void {
    this.#change.fire();
    if (this.#window.isEmpty) this.#queue.end();
  }

  /** Lets requests in as there is room, until there are no more of them or the run is stopped. */
  async #feed<Item>(groups: Inputs<Iterable<Item>>, parse: (item: Item) => BatchInput): Promise<void> {
    try {
      for await (const group of groups) {
        for (const item of group) {
          while (this.#isFull && this.#goesOn) await this.#change.wait();
          if (!this.#goesOn) return;
          this.#enter(parse(item));
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

  get #goesOn(): boolean {
    return this.#stop.reason === undefined;
  }

  async #roomForAnswers(): Promise<void> {
    while (this.#queue.isBackedUp && this.#goesOn) await this.#change.wait();
  }

  #enter(input: BatchInput): void {
    const index = this.#entered;
    this.#entered += 1;
    this.#queue.enter();
    this.#window.enter(bytesOf(input));
    void this.#walk.walk(input, index, this.#leave);
  }

  /** One function for all lines: an async one around each walk took a tenth of what a line holds on its way. */
  readonly #leave: WriteResult = (result, input) => {
    try {
      const counted = this.#emitter.end(input, result);
      this.#queue.fill(counted.index, counted);
      this.#stop.observeResult(counted);
    } catch (error) {
      this.#fail(error);
    }
    this.#window.leave(bytesOf(input));
    this.#stop.stopIfIdle();
    if (!this.#goesOn && this.#window.isEmpty) this.#queue.end();
    // A burst waits for room for all of it: to wake the loop at each request costs a twentieth of its walk.
    if (!this.#isFull || this.#window.isEmpty) this.#change.fire();
  };

  /** A result cannot wait for those before it. */
  #fail(error: unknown): void {
    this.#error ??= error;
    this.stop({ reason: "interrupted", message: messageOf(error) });
  }

  #checkAccount(): void {
    if (this.#error !== undefined) throw this.#error;
    const stop = this.#stop.reason;
    if (stop !== undefined) throw new RunStoppedError(stop);
    if (this.#left !== this.#entered)
      throw new Error(`a bug in llmbatch: ${this.#entered} requests went in, but ${this.#left} results came out`);
  }
}

function bytesOf(input: BatchInput): number {
  return input.kind === "request" ? input.body.length : 0;
}
