import { hash } from "node:crypto";
import type { Attempt } from "../../model/attempt.ts";
import type { BatchInput, BatchRequest } from "../../model/request.ts";
import type { LineResult } from "../../model/result.ts";
import { type PendingLine, type ChunkBoard, stoppedAttempt } from "./chunk-board.ts";
import { maxLinesOfChunk } from "./chunk-lines.ts";

/** Redis holds a job whole, and a worker unpacks it at once. */
const maxChunkBytes = 256 * 1024;
/** What the fleet can have in flight waits for answers this many times: in flight, taken by workers, and at the queue. */
const linesAhead = 3;
/** Before workers are known, and for few of them: 1,000 cost a fifth of the lines a second, 6,400 take 50 MiB more. */
const minLines = 2_000;
/** As many times that may wait to be written: an answer that takes four times as long as others holds nothing up. */
const behindHead = 4;
/** Of large lines no more than workers hold. */
const maxBytes = 64 * 1024 * 1024;
const linesHeld = 2;
/** A line that has not come by then waits for another one's answer (`dedupe`), or for the budget. */
const lingerMs = 250;

/** Lines that go to the fleet together. */
interface Chunk {
  readonly name: string;
  readonly lines: number;
  readonly bytes: number;
  /** Lines that may still be sent with the others. */
  readonly open: Set<number>;
  arrived: PendingLine[];
  unanswered: number;
  unwritten: number;
  /** How many jobs it has become. */
  parts: number;
  /** How often each line was sent. */
  readonly sent: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
}

interface ChunkWindowOptions {
  readonly board: ChunkBoard;
  /** Lines of the input. Undefined where they are taken as they come, because it may pause. */
  readonly total: number | undefined;
  /** Lines that all workers may have in flight. */
  readonly concurrency: () => number;
  /** Called once all lines of a chunk are written. */
  readonly onWritten: (chunk: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Cuts the input into chunks, and lets as many lines be on their way as the fleet needs: nothing grows with the input. */
export class ChunkWindow {
  readonly #options: ChunkWindowOptions;
  readonly #chunkByLine = new Map<number, Chunk>();
  /** Of lines that belong to no chunk: a pilot's. */
  readonly #others: Chunk = createChunk("others", [], 0);
  readonly #heeded = new WeakSet<AbortSignal>();
  /** Lines of chunks that are not wholly answered. */
  #unanswered = 0;
  /** Lines of chunks that are not wholly written. */
  #unwritten = 0;
  #unwrittenBytes = 0;
  #count = 0;
  /** A line was left out of the output: nothing behind it is written. */
  #hasGap = false;
  #wake: () => void = () => undefined;

  constructor(options: ChunkWindowOptions) {
    this.#options = options;
  }

  /** The same input gives the same chunks, whatever of it is known already. */
  async *cut(groups: AsyncIterable<Iterable<BatchInput>>): AsyncGenerator<readonly BatchInput[]> {
    const { total } = this.#options;
    let left = total;
    let lines: BatchInput[] = [];
    let bytes = 0;
    for await (const group of groups) {
      for (const input of group) {
        const size = input.kind === "request" ? input.body.length : 0;
        if (lines.length >= maxLinesOfChunk(left) || (lines.length > 0 && bytes + size > maxChunkBytes)) {
          if (left !== undefined) left -= lines.length;
          yield await this.#enter(lines, bytes);
          [lines, bytes] = [[], 0];
        }
        lines.push(input);
        bytes += size;
      }
      if (total !== undefined || lines.length === 0) continue;
      yield await this.#enter(lines, bytes);
      [lines, bytes] = [[], 0];
    }
    if (lines.length > 0) yield await this.#enter(lines, bytes);
  }

  /** Sends a line with the others of its chunk. @param id Of its result. */
  ask(request: BatchRequest, id: string, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(stoppedAttempt);
    const chunk = this.#chunkByLine.get(request.lineNumber) ?? this.#others;
    this.#heed(signal);
    return new Promise((settle) => {
      chunk.arrived.push({ field: fieldOf(chunk, request, id), id, request, settle, signal });
      chunk.open.delete(request.lineNumber);
      if (chunk.open.size === 0 && chunk.parts === 0 && chunk !== this.#others) this.#submit(chunk);
      else chunk.timer ??= setTimeout(() => this.#submit(chunk), lingerMs);
    });
  }

  /** A line has its result. It may have been known, or not have been sent. */
  ended(lineNumber: number): void {
    const chunk = this.#chunkByLine.get(lineNumber);
    if (chunk === undefined) return;
    chunk.unanswered -= 1;
    if (chunk.unanswered === 0) {
      this.#unanswered -= chunk.lines;
      this.#wake();
    }
    if (chunk.open.delete(lineNumber) && chunk.open.size === 0 && chunk.arrived.length > 0) this.#submit(chunk);
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
      this.#unwritten -= chunk.lines;
      this.#unwrittenBytes -= chunk.bytes;
      this.#options.onWritten(chunk.name);
      this.#wake();
    }
  }

  /** One listener for all lines of a run: a signal looks through all that it has for each that is added. */
  #heed(signal: AbortSignal): void {
    if (this.#heeded.has(signal)) return;
    this.#heeded.add(signal);
    signal.addEventListener("abort", () => {
      for (const chunk of [this.#others, ...this.#chunkByLine.values()]) {
        for (const line of chunk.arrived) if (line.signal === signal) line.settle(stoppedAttempt);
        chunk.arrived = chunk.arrived.filter((line) => line.signal !== signal);
      }
      this.#options.board.forget(signal);
    });
  }

  async #enter(lines: readonly BatchInput[], bytes: number): Promise<readonly BatchInput[]> {
    while (this.#isFull)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#unanswered += lines.length;
    this.#unwritten += lines.length;
    this.#unwrittenBytes += bytes;
    this.#count += 1;
    const chunk = createChunk(String(this.#count), lines, bytes);
    for (const { lineNumber } of lines) this.#chunkByLine.set(lineNumber, chunk);
    return lines;
  }

  get #isFull(): boolean {
    const concurrency = this.#options.concurrency();
    if (this.#unwrittenBytes >= maxBytes && this.#unwritten >= linesHeld * concurrency) return true;
    const enough = Math.max(minLines, linesAhead * concurrency);
    return this.#unanswered >= enough || this.#unwritten >= behindHead * enough;
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

function createChunk(name: string, lines: readonly BatchInput[], bytes: number): Chunk {
  return {
    name,
    lines: lines.length,
    bytes,
    open: new Set(lines.map(({ lineNumber }) => lineNumber)),
    arrived: [],
    unanswered: lines.length,
    unwritten: lines.length,
    parts: 0,
    sent: new Map(),
    timer: undefined,
  };
}

/**
 * What is asked first is what the id names. Asked again it has an answer of its own: a new one, or one to another body, that of a repair. The
 * same asked again has the same name, so that a coordinator that comes later finds it.
 */
function fieldOf(chunk: Chunk, { body }: BatchRequest, id: string): string {
  const count = chunk.sent.get(id) ?? 0;
  chunk.sent.set(id, count + 1);
  return count === 0 ? id : `${id}.${hash("sha1", body, "base64url").slice(0, 10)}.${count}`;
}
