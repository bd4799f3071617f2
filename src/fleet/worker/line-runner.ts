import type { Attempt } from "../../model/attempt.ts";
import { RunStoppedError } from "../../model/errors.ts";
import type { Observer } from "../../model/event.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult } from "../../model/result.ts";
import type { RequestManager } from "../../manager/manager.ts";
import { attemptOf } from "../wire/answer.ts";
import type { ChunkLine } from "../wire/chunk.ts";
import { FailedAttempts } from "./failed-attempts.ts";

/** Who asks for lines. */
export interface Asker {
  /** A line is not to be sent any more, if it was not. */
  readonly signal: AbortSignal;
  /** @param attempt Undefined where the line was not asked to its end, because the worker stops, or the asker's signal was aborted. */
  ended(line: ChunkLine, attempt: Attempt | undefined): void;
}

interface Asked {
  readonly line: ChunkLine;
  readonly asker: Asker;
}

/** One run of a manager that does not end by itself: lines come from chunks as those come, and all stop conditions of a run hold. */
export class LineRunner {
  /** Why it ended by itself; undefined after `stop`. */
  readonly ended: Promise<RunStoppedError | undefined>;
  readonly #manager: RequestManager;
  readonly #failed = new FailedAttempts();
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
    this.#manager = createManager(this.#failed.observe);
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

  ask(lines: readonly ChunkLine[], asker: Asker): void {
    for (const line of lines) this.#waiting.push({ line, asker });
    this.wake();
  }

  /** Looks again what may be sent, and what is not to be sent any more. */
  wake(): void {
    const isLeft = ({ asker }: Asked): boolean => this.#isOver || asker.signal.aborted;
    const left = this.#waiting.filter(isLeft);
    if (left.length > 0) this.#waiting = this.#waiting.filter((asked) => !isLeft(asked));
    for (const { line, asker } of left) asker.ended(line, undefined);
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
      const left = [...this.#asked.values(), ...this.#waiting.splice(0)];
      this.#asked.clear();
      for (const { line, asker } of left) asker.ended(line, undefined);
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
    return group.map(({ line }) => line.request);
  }

  #settle(result: BatchResult): void {
    const asked = this.#asked.get(result.index);
    this.#asked.delete(result.index);
    const wasCut = result.status === "failed" && result.failure.kind === "cancelled";
    const failed = this.#failed.take(result.lineNumber);
    asked?.asker.ended(asked.line, wasCut ? undefined : attemptOf(result, failed));
    this.#wake();
  }
}
