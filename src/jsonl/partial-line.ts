/** The buffer grows in steps of this size, not with each chunk; the first step is kept. */
const stepBytes = 1024 * 1024;

/**
 * The bytes of a line whose end has not arrived. `clear` returns the memory to the system at once: garbage collection would keep the 64
 * MiB of a long line until its next cycle.
 */
export class PartialLine {
  readonly #memory: ArrayBuffer;
  #length = 0;

  /** @param maxBytes Reserves addresses for as many; memory is taken as bytes are added. */
  constructor(maxBytes: number) {
    this.#memory = new ArrayBuffer(0, { maxByteLength: roundUp(maxBytes) });
  }

  /** @throws RangeError beyond `maxBytes`. */
  add(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.byteLength) this.#memory.resize(roundUp(length));
    bytes.copy(Buffer.from(this.#memory, this.#length, bytes.length));
    this.#length = length;
  }

  /** A view of the bytes, valid until `add` or `clear` is called. */
  bytes(): Buffer {
    return Buffer.from(this.#memory, 0, this.#length);
  }

  clear(): void {
    if (this.#memory.byteLength > stepBytes) this.#memory.resize(stepBytes);
    this.#length = 0;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / stepBytes) * stepBytes;
}
