/** What reads a response and can be told to stop for a while. */
export interface Reader {
  pause(): void;
  resume(): void;
}

/**
 * Bounds what the bodies that are being read may take together, in bytes. Above the bound one reader at a time goes on, so that a body is
 * always coming; the others are paused until it has ended, in the order in which they met the bound.
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

  /** `reader` holds so many bytes more. */
  add(reader: Reader, bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes || reader === this.#favoured) return;
    if (this.#favoured === undefined) {
      this.#favoured = reader;
    } else if (!this.#paused.has(reader)) {
      this.#paused.add(reader);
      reader.pause();
    }
  }

  /** `reader` holds nothing any more. @param bytes All that it held. */
  end(reader: Reader, bytes: number): void {
    this.#bytes -= bytes;
    this.#paused.delete(reader);
    if (reader === this.#favoured) this.#favoured = undefined;
    for (const next of this.#paused) {
      const hasRoom = this.#bytes <= this.#maxBytes;
      if (!hasRoom && this.#favoured !== undefined) return;
      if (!hasRoom) this.#favoured = next;
      this.#paused.delete(next);
      next.resume();
    }
  }
}
