import { Buffer, isAscii } from "node:buffer";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

/** The most an answer may have, decoded. The largest that APIs give are embeddings: 2,048 of 3,072 numbers are 33 MB in base64. */
export const maxBodyBytes: number = 48 * 1024 * 1024;

const noBytes = Buffer.alloc(0);

/** Slabs double from the size of one read of a socket to one that the allocator gives back to the system. */
const smallestSlabBytes = 64 * 1024;
const largestSlabBytes = 1024 * 1024;

/**
 * Gathers the chunks of a body. They are copied, for the client reads the next ones into the same place; all but the first are copied
 * together, so that a server which sends single bytes cannot take a hundred times their size in memory.
 */
export class BodyChunks {
  readonly #full: Buffer[] = [];
  #slab = noBytes;
  #used = 0;

  get isEmpty(): boolean {
    return this.#full.length === 0;
  }

  add(chunk: Buffer): void {
    if (this.#full.length === 0) {
      this.#full.push(Buffer.from(chunk));
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
    this.#slab = Buffer.allocUnsafeSlow(Math.min(Math.max(length * 2, smallestSlabBytes), largestSlabBytes));
    this.#used = 0;
  }
}

/** UTF-8 text, without a byte order mark, which `JSON.parse` does not take. */
export function bodyText(body: Buffer): string {
  if (isAscii(body)) return body.toString("latin1"); // in half the time
  const text = body.toString();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * Undoes a `content-encoding`, for servers that compress unasked.
 *
 * @param done Called with the text, or with an error: `ERR_BUFFER_TOO_LARGE` when it decodes to more than `maxBodyBytes`, a zlib
 * error for bytes that are not in that encoding, or `ERR_UNKNOWN_ENCODING`.
 */
export function decodeBody(encoding: string, body: Buffer, done: (error: Error | null, text: string) => void): void {
  const decode = decoders.get(encoding.trim().toLowerCase());
  if (decode === undefined) done(Object.assign(new Error(encoding), { code: "ERR_UNKNOWN_ENCODING" }), "");
  else decode(body, { maxOutputLength: maxBodyBytes }, (error, decoded) => done(error, error === null ? bodyText(decoded) : ""));
}

const decoders = new Map([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  ["deflate", inflate],
  ["br", brotliDecompress],
]);
