const slabBytes = 1024 * 1024;

/** Slabs that nobody uses. Memory for a line of many megabytes, given up and asked for anew, would be in use twice until it is collected. */
const freeSlabs: Buffer[] = [];

/** The beginning of a line whose end has not come yet: as it came, or copied together where what came is used again. */
export class HeldBytes {
  readonly #copies: boolean;
  #slabs: Buffer[] = [];
  #length = 0;

  constructor(copies: boolean) {
    this.#copies = copies;
  }

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer): void {
    if (!this.#copies) {
      if (bytes.length > 0) this.#slabs.push(bytes);
      this.#length += bytes.length;
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const offset = this.#length % slabBytes;
      if (offset === 0) this.#slabs.push(freeSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes));
      const copied = bytes.copy(this.#slabs.at(-1) ?? bytes, offset, at);
      at += copied;
      this.#length += copied;
    }
  }

  /** What was held so far, in pieces that are good until the next call of `clear`. */
  pieces(): Buffer[] {
    if (!this.#copies) return this.#slabs;
    const last = this.#slabs.length - 1;
    return this.#slabs.map((slab, index) => (index < last ? slab : slab.subarray(0, this.#length - last * slabBytes)));
  }

  clear(): void {
    if (this.#copies) freeSlabs.push(...this.#slabs);
    this.#slabs = [];
    this.#length = 0;
  }
}
