import { setImmediate } from "node:timers/promises";
import { TextBuffer } from "../../model/text-buffer.ts";

/**
 * From here on `write` asks its caller to wait. One turn of the event loop brings as many answers as requests are in flight, and a write
 * ends no sooner than the next turn: without room the answers would wait as objects, which garbage collection copies.
 */
const highWaterMarkBytes = 2 * 1024 * 1024;
/** Doubled as needed; a slow run never needs more. */
const initialBytes = 256 * 1024;
const maxKeptBytes = 2 * highWaterMarkBytes;

/**
 * Collects texts while a write is under way, then writes them at once: a slow run writes line by line, a fast one in large chunks, without
 * a timer. Uses two buffers.
 */
export class OutputBuffer {
  readonly #send: (bytes: Buffer) => Promise<void>;
  #gathered = new TextBuffer(initialBytes);
  #spare = new TextBuffer(initialBytes);
  #sending: Promise<void> | undefined;
  #failure: unknown;
  #failureReported = false;
  #hasEnded = false;

  /** @param send Writes all bytes. Its next call comes after its promise has resolved; the buffer is then reused. */
  constructor(send: (bytes: Buffer) => Promise<void>) {
    this.#send = send;
  }

  /** @returns a promise to await when the buffer is full. It rejects with the error of an earlier `send`. */
  write(texts: readonly string[]): Promise<void> | undefined {
    if (this.#failure !== undefined) return this.#reportFailure();
    for (const text of texts) this.#gathered.add(text);
    if (this.#sending === undefined) this.#sendGathered();
    return this.#gathered.length >= highWaterMarkBytes ? this.#sending : undefined;
  }

  /** Resolves once all texts are written. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
    if (this.#failure !== undefined) await this.#reportFailure();
  }

  /** `flush`, unless a call has rejected with the error of a `send` already. */
  async flushUnlessReported(): Promise<void> {
    if (!this.#failureReported) await this.flush();
  }

  /** Makes every later `write` reject. Only the first call does something. @param close Called last, whatever the last steps throw. */
  async end(lastSteps: () => Promise<void>, close: () => Promise<void>): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      await lastSteps();
    } finally {
      this.#failure ??= new Error("the output was written to after its end");
      await close();
    }
  }

  #sendGathered(): void {
    if (this.#gathered.length > 0) this.#sending = this.#sendOnce();
  }

  async #sendOnce(): Promise<void> {
    // Results come in bursts, one for each turn of the event loop: a write for each result would cost more than the results.
    if (this.#gathered.length < highWaterMarkBytes) await setImmediate();
    const full = this.#gathered;
    this.#gathered = this.#spare;
    try {
      await this.#send(full.bytes);
    } catch (error) {
      this.#failure = error;
    }
    this.#sending = undefined;
    // A buffer that grew for one huge text is released.
    this.#spare = full.capacity <= maxKeptBytes ? full : new TextBuffer(initialBytes);
    this.#spare.clear();
    if (this.#failure === undefined) this.#sendGathered();
  }

  #reportFailure(): Promise<never> {
    this.#failureReported = true;
    return Promise.reject(this.#failure);
  }
}
