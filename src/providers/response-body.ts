import { Buffer } from "node:buffer";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

/** The most an answer may have, decoded: ten times the longest that any API gives, and small enough to hold a few. */
export const maxBodyBytes: number = 48 * 1024 * 1024;

const slabBytes = 64 * 1024;

/**
 * Gathers the chunks of a body. Small ones are copied together, so that a server which sends single bytes cannot take a hundred
 * times their size in memory.
 */
export class BodyChunks {
  readonly #chunks: Buffer[] = [];
  #slab: Buffer | undefined;
  #slabUsed = 0;

  add(chunk: Buffer): void {
    if (this.#chunks.length === 0) this.#chunks.push(chunk);
    else if (chunk.length >= slabBytes) {
      this.#closeSlab();
      this.#chunks.push(chunk);
    } else this.#addToSlab(chunk);
  }

  /** Call it once: the chunks are let go. */
  join(): Buffer {
    this.#closeSlab();
    const [first] = this.#chunks;
    const whole = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    return whole;
  }

  #addToSlab(chunk: Buffer): void {
    if (this.#slabUsed + chunk.length > slabBytes) this.#closeSlab();
    this.#slab ??= Buffer.allocUnsafeSlow(slabBytes);
    chunk.copy(this.#slab, this.#slabUsed);
    this.#slabUsed += chunk.length;
  }

  #closeSlab(): void {
    if (this.#slab !== undefined) this.#chunks.push(this.#slab.subarray(0, this.#slabUsed));
    this.#slab = undefined;
    this.#slabUsed = 0;
  }
}

/** UTF-8 text, without a byte order mark, which `JSON.parse` does not take. */
export function bodyText(body: Buffer): string {
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
