/** Memory is taken in steps of this size, so that it is not asked for with each chunk; the first step is kept. */
const stepBytes = 1024 * 1024;

/**
 * The beginning of a line whose end has not come yet. Its memory goes back to the system as soon as it is let go of, not when garbage
 * is collected next: for a line of many megabytes that would come late.
 */
export class HeldBytes {
  readonly #memory: ArrayBuffer;
  #length = 0;

  /** @param mostBytes What is held at most. Of what is not used, only addresses are taken. */
  constructor(mostBytes: number) {
    this.#memory = new ArrayBuffer(0, { maxByteLength: roundUp(mostBytes) });
  }

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError beyond `mostBytes`. */
  add(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.byteLength) this.#memory.resize(roundUp(length));
    bytes.copy(Buffer.from(this.#memory, this.#length, bytes.length));
    this.#length = length;
  }

  /** What is held; good until the next call of `clear`. */
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
