import { createHash } from "node:crypto";
import type { Attempt } from "../../model/attempt.ts";
import type { BatchInput, BatchRequest } from "../../model/request.ts";
import type { LineResult } from "../../model/result.ts";
import { type PendingLine, type ChunkBoard, stoppedAttempt } from "./chunk-board.ts";

/** Redis holds a job whole, and a worker unpacks it at once. */
const maxChunkBytes = 256 * 1024;
/** A line that has not come by then waits for another one's answer (`dedupe`), or for the budget. */
const lingerMs = 250;

/** Lines that go to the fleet together. */
interface Chunk {
  readonly name: string;
  /** Lines that may still be sent with the others. */
  readonly open: Set<number>;
  arrived: PendingLine[];
  unwritten: number;
  /** How many jobs it has become. */
  parts: number;
  /** How often each line was sent. */
  readonly sent: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
}

interface ChunkWindowOptions {
  readonly board: ChunkBoard;
  readonly chunkLines: number;
  /** Whether lines are taken as they come, because the input may pause. */
  readonly isStream: boolean;
  /** How many chunks may be on their way. */
  readonly maxChunks: () => number;
  /** Called once all lines of a chunk are written. */
  readonly onWritten: (chunk: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Cuts the input into chunks, and lets so many be on their way as the fleet needs: nothing grows with the input. */
export class ChunkWindow {
  readonly #options: ChunkWindowOptions;
  readonly #chunkByLine = new Map<number, Chunk>();
  /** Of lines that belong to no chunk: a pilot's. */
  readonly #others: Chunk = createChunk("others", []);
  readonly #asked = new WeakMap<AbortSignal, Set<PendingLine>>();
  #underWay = 0;
  #count = 0;
  /** A line was left out of the output: nothing behind it is written. */
  #hasGap = false;
  #wake: () => void = () => undefined;

  constructor(options: ChunkWindowOptions) {
    this.#options = options;
  }

  /** The same input gives the same chunks, whatever of it is known already. */
  async *cut(groups: AsyncIterable<Iterable<BatchInput>>): AsyncGenerator<readonly BatchInput[]> {
    let lines: BatchInput[] = [];
    let bytes = 0;
    for await (const group of groups) {
      for (const input of group) {
        const size = input.kind === "request" ? input.body.length : 0;
        if (lines.length >= this.#options.chunkLines || (lines.length > 0 && bytes + size > maxChunkBytes)) {
          yield await this.#enter(lines);
          [lines, bytes] = [[], 0];
        }
        lines.push(input);
        bytes += size;
      }
      if (!this.#options.isStream || lines.length === 0) continue;
      yield await this.#enter(lines);
      [lines, bytes] = [[], 0];
    }
    if (lines.length > 0) yield await this.#enter(lines);
  }

  /** Sends a line with the others of its chunk. @param id Of its result. */
  ask(request: BatchRequest, id: string, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(stoppedAttempt);
    const chunk = this.#chunkByLine.get(request.lineNumber) ?? this.#others;
    return new Promise((resolve) => {
      const asked = this.#askedUnder(signal);
      const settle = (attempt: Attempt): void => {
        asked.delete(pending);
        resolve(attempt);
      };
      const pending: PendingLine = { field: fieldOf(chunk, request, id), request: asAsked(request, id), settle };
      asked.add(pending);
      chunk.arrived.push(pending);
      chunk.open.delete(request.lineNumber);
      if (chunk.open.size === 0 && chunk.parts === 0 && chunk !== this.#others) this.#submit(chunk);
      else chunk.timer ??= setTimeout(() => this.#submit(chunk), lingerMs);
    });
  }

  /** A line has its result. It may have been known, or not have been sent. */
  ended(lineNumber: number): void {
    const chunk = this.#chunkByLine.get(lineNumber);
    if (chunk?.open.delete(lineNumber) !== true || chunk.open.size > 0) return;
    if (chunk.arrived.length > 0) this.#submit(chunk);
  }

  /** These results went to the output. */
  written(results: readonly LineResult[]): void {
    for (const result of results) {
      this.#hasGap ||= result.status === "failed" && result.failure.kind === "cancelled";
      if (this.#hasGap) return;
      const chunk = this.#chunkByLine.get(result.lineNumber);
      this.#chunkByLine.delete(result.lineNumber);
      if (chunk === undefined) continue;
      chunk.unwritten -= 1;
      if (chunk.unwritten > 0) continue;
      this.#underWay -= 1;
      this.#options.onWritten(chunk.name);
      this.#wake();
    }
  }

  /** One listener for all lines of a run: a signal looks through all that it has for each that is added. */
  #askedUnder(signal: AbortSignal): Set<PendingLine> {
    const known = this.#asked.get(signal);
    if (known !== undefined) return known;
    const asked = new Set<PendingLine>();
    this.#asked.set(signal, asked);
    signal.addEventListener("abort", () => {
      for (const pending of asked) this.#options.board.forget(pending);
    });
    return asked;
  }

  async #enter(lines: readonly BatchInput[]): Promise<readonly BatchInput[]> {
    while (this.#underWay >= this.#options.maxChunks())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#underWay += 1;
    this.#count += 1;
    const chunk = createChunk(String(this.#count), lines);
    for (const { lineNumber } of lines) this.#chunkByLine.set(lineNumber, chunk);
    return lines;
  }

  #submit(chunk: Chunk): void {
    clearTimeout(chunk.timer);
    chunk.timer = undefined;
    const lines = chunk.arrived;
    chunk.arrived = [];
    if (lines.length === 0) return;
    const part = chunk.parts;
    chunk.parts += 1;
    this.#options.board.submit(chunk.name, part, lines).catch(this.#options.onError);
  }
}

function createChunk(name: string, lines: readonly BatchInput[]): Chunk {
  return {
    name,
    open: new Set(lines.map(({ lineNumber }) => lineNumber)),
    arrived: [],
    unwritten: lines.length,
    parts: 0,
    sent: new Map(),
    timer: undefined,
  };
}

/** Two ways of asking a line have two answers; the same way has one, so that a coordinator that comes later finds it. */
function fieldOf(chunk: Chunk, { body }: BatchRequest, id: string): string {
  const way = `${id}.${createHash("sha1").update(body).digest("base64url").slice(0, 10)}`;
  const count = chunk.sent.get(way) ?? 0;
  chunk.sent.set(way, count + 1);
  return count === 0 ? way : `${way}.${count}`;
}

/** Metadata stays here. */
function asAsked(request: BatchRequest, id: string): BatchRequest {
  const { metadata: _metadata, ...asked } = { ...request, id, occurrence: 0 };
  return asked;
}
