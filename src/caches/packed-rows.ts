import { Buffer } from "node:buffer";

/** A fingerprint, and the answer as texts that are to be joined. */
export interface AnswerRow {
  readonly key: string;
  readonly texts: readonly string[];
}

/** Rows as two parameters of one statement. */
export interface PackedRows {
  /** UTF-8, row after row. Good until they are let go. */
  readonly bytes: Uint8Array;
  /** JSON: of each row its full key, its first byte, counted from 1, and how many it has. */
  readonly places: string;
}

const firstBytes = 256 * 1024;
const mostKeptBytes = 4 * 1024 * 1024;
const mostBytesPerCodeUnit = 3;

/**
 * Puts the rows of a group into one buffer, which is used again for later groups. As parameters of their own, each text would be joined,
 * measured and copied by itself, and their statement would be another for each number of rows.
 */
export class RowPacker {
  readonly #spare: Buffer[] = [];

  /** Packs rows for as long as `use` takes. */
  async pack<Outcome>(
    rows: readonly AnswerRow[],
    prefix: string,
    use: (packed: PackedRows) => Promise<Outcome>,
  ): Promise<Outcome> {
    let buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(firstBytes);
    const places: [key: string, from: number, bytes: number][] = [];
    let used = 0;
    for (const { key, texts } of rows) {
      const start = used;
      for (const text of texts) {
        if (text.length * mostBytesPerCodeUnit > buffer.length - used) buffer = withRoom(buffer, used, Buffer.byteLength(text));
        used += buffer.write(text, used);
      }
      places.push([`${prefix}:${key}`, start + 1, used - start]);
    }
    const outcome = await use({ bytes: buffer.subarray(0, used), places: JSON.stringify(places) });
    if (buffer.length <= mostKeptBytes) this.#spare.push(buffer);
    return outcome;
  }
}

function withRoom(buffer: Buffer, used: number, needed: number): Buffer {
  if (used + needed <= buffer.length) return buffer;
  const grown = Buffer.allocUnsafeSlow(Math.max(used + needed, buffer.length * 2));
  buffer.copy(grown, 0, 0, used);
  return grown;
}
