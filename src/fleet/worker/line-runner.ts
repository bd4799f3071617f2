import { RunStoppedError } from "../../model/errors.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult } from "../../model/result.ts";
import type { RequestManager } from "../../manager/manager.ts";

/** What becomes of a line; undefined where it was not asked to its end, because the worker stops. */
export type LineOutcome = BatchResult | undefined;

interface Asked {
  readonly request: BatchRequest;
  readonly resolve: (outcome: LineOutcome) => void;
}

/** One run of a manager that does not end by itself: lines come from chunks as those come, and all stop conditions of a run hold. */
export class LineRunner {
  /** Why it ended by itself; undefined after `stop`. */
  readonly ended: Promise<RunStoppedError | undefined>;
  readonly #manager: RequestManager;
  #waiting: Asked[] = [];
  /** By the order in which they were handed over, which is the index of their result. */
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #isOver = false;
  #wake: () => void = () => undefined;

  /** @param manager Whose results come in the order of completion. */
  constructor(manager: RequestManager) {
    this.#manager = manager;
    this.ended = this.#run();
  }

  get inFlight(): number {
    return this.#manager.limiterStatus().inFlight;
  }

  get isIdle(): boolean {
    return this.#asked.size === 0 && this.#waiting.length === 0;
  }

  ask(request: BatchRequest): Promise<LineOutcome> {
    if (this.#isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({ request, resolve });
      this.#wake();
    });
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
      if (this.#waiting.length === 0)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      const group = this.#waiting;
      this.#waiting = [];
      for (const asked of group) this.#asked.set(this.#count++, asked);
      yield group.map(({ request }) => request);
    }
  }

  #settle(result: BatchResult): void {
    const asked = this.#asked.get(result.index);
    this.#asked.delete(result.index);
    const wasCut = result.status === "failed" && result.failure.kind === "cancelled";
    asked?.resolve(wasCut ? undefined : result);
  }
}
