import { setImmediate } from "node:timers/promises";
import { TextBuffer } from "../../model/text-buffer.ts";

/**
 * From here on `write` asks its caller to wait. One turn of the event loop brings as many answers as requests are in flight, and a write
 * ends no sooner than the next turn: what found no room would be held as objects meanwhile, and copied about by garbage collection.
 */
const highWaterMarkBytes = 2 * 1024 * 1024;
/** To begin with. Doubled as needed; a slow run never needs more. */
const initialBytes = 256 * 1024;
const maxKeptBytes = 2 * highWaterMarkBytes;

/**
 * Gathers texts while the last write is under way and then writes them in one: a slow run reaches the disk line by line, a fast
 * one in large pieces, and no timer decides which. Holds two buffers, however much goes through.
 */
export class OutputBuffer {
  readonly #send: (bytes: Buffer) => Promise<void>;
  #gathered = new TextBuffer(initialBytes);
  #spare = new TextBuffer(initialBytes);
  #sending: Promise<void> | undefined;
  #failure: unknown;
  #failureReported = false;

  /** @param send Writes the bytes, all of them. It is called again once it has resolved; the bytes are overwritten then. */
  constructor(send: (bytes: Buffer) => Promise<void>) {
    this.#send = send;
  }

  /** @returns a promise to wait for when the buffer is full. It rejects with what an earlier `send` rejected with. */
  write(texts: readonly string[]): Promise<void> | undefined {
    if (this.#failure !== undefined) return this.#reportFailure();
    for (const text of texts) this.#gathered.add(text);
    if (this.#sending === undefined) this.#sendGathered();
    return this.#gathered.length >= highWaterMarkBytes ? this.#sending : undefined;
  }

  /** Resolves once all texts are sent. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
    if (this.#failure !== undefined) await this.#reportFailure();
  }

  /** Refuses every later `write`. Call it once all is flushed. */
  close(): void {
    this.#failure ??= new Error("the output was written to after its end");
  }

  /** Whether a call has rejected with the failure of a `send`. */
  get failureReported(): boolean {
    return this.#failureReported;
  }

  #sendGathered(): void {
    if (this.#gathered.length > 0) this.#sending = this.#sendOnce();
  }

  async #sendOnce(): Promise<void> {
    // Results come in bursts, one burst a turn of the event loop: a write for each would cost more than the results do.
    if (this.#gathered.length < highWaterMarkBytes) await setImmediate();
    const full = this.#gathered;
    this.#gathered = this.#spare;
    try {
      await this.#send(full.bytes);
    } catch (error) {
      this.#failure = error;
    }
    this.#sending = undefined;
    // A buffer that grew for one huge text is not kept.
    this.#spare = full.capacity <= maxKeptBytes ? full : new TextBuffer(initialBytes);
    this.#spare.clear();
    if (this.#failure === undefined) this.#sendGathered();
  }

  #reportFailure(): Promise<never> {
    this.#failureReported = true;
    return Promise.reject(this.#failure);
  }
}
