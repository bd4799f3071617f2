import { Buffer } from "node:buffer";

const maxBytesPerCodeUnit = 3;

/** Gathers texts as UTF-8. Its memory doubles as needed, and is used again once it was cleared. */
export class TextBuffer {
  #memory: Buffer;
  #used = 0;

  /** @param firstBytes What it has room for to begin with. */
  constructor(firstBytes: number) {
    this.#memory = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** In bytes, of what was gathered. */
  get length(): number {
    return this.#used;
  }

  /** In bytes, of the memory that it takes. */
  get capacity(): number {
    return this.#memory.length;
  }

  /** What was gathered. Overwritten by what is added after `clear`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#used);
  }

  add(text: string): void {
    if (text.length * maxBytesPerCodeUnit > this.#memory.length - this.#used) this.#makeRoom(Buffer.byteLength(text));
    this.#used += this.#memory.write(text, this.#used);
  }

  clear(): void {
    this.#used = 0;
  }

  #makeRoom(needed: number): void {
    if (this.#used + needed <= this.#memory.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#used + needed, this.#memory.length * 2));
    this.#memory.copy(grown, 0, 0, this.#used);
    this.#memory = grown;
  }
}
