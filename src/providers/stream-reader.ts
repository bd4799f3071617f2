import { EventStreamParser, type ServerSentEvent } from "./event-stream.ts";
import { parseJson } from "./json-value.ts";
import type { StreamAssembler } from "./protocol.ts";

/** Hears the parsed data of each event of a stream, as it comes. */
export type OnChunk = (chunk: unknown) => void;

/** Reads one answer that comes as a stream. Does not throw: what breaks the reading is kept. */
export class StreamReader {
  readonly #assembler: StreamAssembler;
  readonly #onChunk: OnChunk | undefined;
  readonly #parser = new EventStreamParser((event) => this.#take(event));
  /** The body of an error, where the stream reported one; else an event that is no JSON. */
  errorText: string | undefined;
  readonly openedAt: Date = new Date();
  /** A bug, or an event nested too deeply to be handled. */
  thrown: unknown;
  #isLastEvent = false;

  constructor(assembler: StreamAssembler, onChunk: OnChunk | undefined) {
    this.#assembler = assembler;
    this.#onChunk = onChunk;
  }

  push(bytes: Buffer): void {
    this.#guarded(() => this.#parser.push(bytes));
  }

  /** Nothing comes any more, for whatever reason. */
  end(): void {
    this.#isLastEvent = true;
    this.#guarded(() => this.#parser.end());
  }

  /** Nothing of use can follow. */
  get isOver(): boolean {
    return this.#assembler.isOver || this.hasFailed;
  }

  get hasFailed(): boolean {
    return this.errorText !== undefined || this.thrown !== undefined;
  }

  isWhole(): boolean {
    return !this.hasFailed && this.#assembler.isWhole();
  }

  /** @see StreamAssembler.body */
  body(): string {
    return this.#assembler.body();
  }

  /** Whatever follows the end of an answer is not part of it. */
  #take({ name, data: received }: ServerSentEvent): void {
    const text = received.trimEnd(); // `[DONE]` is written with a space after it, too
    if (this.isOver || text === "") return;
    const data = parseJson(text);
    if (data === undefined && text !== "[DONE]") {
      if (!this.#isLastEvent) this.errorText = text; // the last one was cut off
      return;
    }
    this.errorText = this.#assembler.add({ name, text, data });
    if (this.errorText === undefined && data !== undefined) this.#onChunk?.(data);
  }

  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.thrown = error ?? "unknown";
    }
  }
}
