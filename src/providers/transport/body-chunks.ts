import { Buffer, isAscii } from "node:buffer";

const noBytes = Buffer.alloc(0);

/** Slabs double from the size of one read of a socket to one that the allocator gives back to the system. */
const minSlabBytes = 64 * 1024;
const maxSlabBytes = 1024 * 1024;

/** Gathers the chunks of a body. All but the first are copied together: single bytes would take a hundred times their memory. */
export class BodyChunks {
  readonly #full: Buffer[] = [];
  #slab = noBytes;
  #used = 0;

  add(chunk: Buffer): void {
    if (this.#full.length === 0) {
      this.#full.push(chunk);
      return;
    }
    for (let at = 0; at < chunk.length;) {
      if (this.#used === this.#slab.length) this.#nextSlab();
      const copied = chunk.copy(this.#slab, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  /** Call it once: the chunks are let go. */
  join(): Buffer {
    if (this.#used > 0) this.#full.push(this.#slab.subarray(0, this.#used));
    this.#slab = noBytes;
    const [first] = this.#full;
    return first !== undefined && this.#full.length === 1 ? first : Buffer.concat(this.#full.splice(0));
  }

  #nextSlab(): void {
    const { length } = this.#slab;
    if (length > 0) this.#full.push(this.#slab);
    this.#slab = Buffer.allocUnsafeSlow(Math.min(Math.max(length * 2, minSlabBytes), maxSlabBytes));
    this.#used = 0;
  }
}

/** UTF-8 text, without a byte order mark, which `JSON.parse` does not take. */
export function bodyText(body: Buffer): string {
  if (isAscii(body)) return body.toString("latin1"); // in half the time
  const text = body.toString();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
