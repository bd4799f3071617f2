import { RunStoppedError } from "../../model/errors.ts";
import type { Observer } from "../../model/event.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult } from "../../model/result.ts";
import type { Usage } from "../../model/usage.ts";
import type { RequestManager } from "../../manager/manager.ts";
import { FailedUsage } from "./failed-usage.ts";

/** What becomes of a line; undefined where it was not asked to its end, because the worker stops. */
export type LineOutcome = { readonly result: BatchResult; readonly failedUsage: Usage | undefined } | undefined;

interface Asked {
  readonly request: BatchRequest;
  /** It is not to be sent any more, if it was not. */
  readonly signal: AbortSignal;
  readonly resolve: (outcome: LineOutcome) => void;
}

/** One run of a manager that does not end by itself: lines come from chunks as those come, and all stop conditions of a run hold. */
export class LineRunner {
  /** Why it ended by itself; undefined after `stop`. */
  readonly ended: Promise<RunStoppedError | undefined>;
  readonly #manager: RequestManager;
  readonly #failedUsage = new FailedUsage();
  /** So many are handed over that the manager has always one to send; the others can be taken back. */
  readonly #maxAsked: number;
  /** Whether answers can be kept: none is asked for while Redis is away. */
  readonly #mayStart: () => boolean;
  #waiting: Asked[] = [];
  /** By the order in which they were handed over, which is the index of their result. */
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #isOver = false;
  #wake: () => void = () => undefined;

  /** @param createManager Whose results come in the order of completion, and whose events are observed. */
  constructor(createManager: (observe: Observer) => RequestManager, concurrency: number, mayStart: () => boolean) {
    this.#manager = createManager(this.#failedUsage.observe);
    this.#maxAsked = 2 * concurrency;
    this.#mayStart = mayStart;
    this.ended = this.#run();
  }

  get inFlight(): number {
    return this.#manager.limiterStatus().inFlight;
  }

  get isIdle(): boolean {
    return this.#asked.size === 0 && this.#waiting.length === 0;
  }

  ask(request: BatchRequest, signal: AbortSignal): Promise<LineOutcome> {
    if (this.#isOver || signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({ request, signal, resolve });
      this.#wake();
    });
  }

  /** Looks again what may be sent, and what is not to be sent any more. */
  wake(): void {
    for (const { resolve } of this.#waiting.filter(({ signal }) => signal.aborted)) resolve(undefined);
    this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
    this.#wake();
  }

  /** Nothing more is sent; what is in flight may take as long as the manager's `drainMs`. */
  stop(): void {
    this.#isOver = true;
    this.#wake();
    this.#manager.stop("the worker stops");
  }

  async #run(): Promise<RunStoppedError | undefined> {
    try {
      for await (const results of this.#manager.runInGroups(this.#feed())) for (const result of results) this.#settle(result);
      return undefined;
    } catch (error) {
      if (!(error instanceof RunStoppedError)) throw error;
      return error.reason === "interrupted" ? undefined : error;
    } finally {
      this.#isOver = true;
      for (const { resolve } of [...this.#asked.values(), ...this.#waiting]) resolve(undefined);
      this.#asked.clear();
      this.#waiting = [];
    }
  }

  async *#feed(): AsyncGenerator<readonly BatchRequest[]> {
    while (!this.#isOver) {
      const group = this.#take();
      if (group.length > 0) yield group;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #take(): BatchRequest[] {
    const room = this.#mayStart() ? Math.max(0, this.#maxAsked - this.#asked.size) : 0;
    const group = this.#waiting.splice(0, room);
    for (const asked of group) this.#asked.set(this.#count++, asked);
    return group.map(({ request }) => request);
  }

  #settle(result: BatchResult): void {
    const asked = this.#asked.get(result.index);
    this.#asked.delete(result.index);
    const wasCut = result.status === "failed" && result.failure.kind === "cancelled";
    const failedUsage = this.#failedUsage.take(result.lineNumber);
    asked?.resolve(wasCut ? undefined : { result, failedUsage });
    this.#wake();
  }
}
