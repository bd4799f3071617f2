/** What reads a response and can be told to stop for a while. */
export interface Reader {
  pause(): void;
  resume(): void;
}

/**
 * Bounds what the bodies that are being read may take together, in bytes. Above the bound one reader at a time goes on, so that a body is
 * always coming; the others are paused until it has ended or waits, in the order in which they met the bound.
 */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #paused = new Set<Reader>();
  /** The one that may go on above the bound. */
  #favoured: Reader | undefined;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `reader` goes on, and holds so many bytes more; below 0 it let go of them. */
  add(reader: Reader, bytes: number): void {
    this.#bytes += bytes;
    if (bytes < 0) this.#resumePaused();
    if (this.#bytes <= this.#maxBytes || reader === this.#favoured) return;
    if (this.#favoured === undefined) {
      this.#favoured = reader;
    } else if (!this.#paused.has(reader)) {
      this.#paused.add(reader);
      reader.pause();
    }
  }

  /** `reader` waits for something else: if it kept its turn, nothing would come for as long. It says with `add` that it goes on. */
  leave(reader: Reader): void {
    if (this.#paused.delete(reader)) reader.resume();
    if (reader === this.#favoured) this.#favoured = undefined;
    this.#resumePaused();
  }

  /** `reader` holds nothing any more. @param bytes All that it held. */
  end(reader: Reader, bytes: number): void {
    this.#bytes -= bytes;
    this.leave(reader);
  }

  #resumePaused(): void {
    for (const next of this.#paused) {
      const hasRoom = this.#bytes <= this.#maxBytes;
      if (!hasRoom && this.#favoured !== undefined) return;
      if (!hasRoom) this.#favoured = next;
      this.#paused.delete(next);
      next.resume();
    }
  }
}
