import { TextBuffer } from "../model/text-buffer.ts";

/** A fingerprint, and the answer as texts that are to be joined. */
export interface AnswerRow {
  readonly key: string;
  readonly texts: readonly string[];
}

/** Rows as two parameters of one statement. */
export interface PackedRows {
  /** UTF-8, row after row. Good until they are let go. */
  readonly bytes: Uint8Array;
  /** JSON: of each row its key, its first byte, counted from 1, and how many it has. */
  readonly places: string;
}

const firstBytes = 256 * 1024;
const mostKeptBytes = 4 * 1024 * 1024;

/**
 * Puts the rows of a group into one buffer, which is used again for later groups. As parameters of their own, each text would be joined,
 * measured and copied by itself, and their statement would be another for each number of rows.
 */
export class RowPacker {
  readonly #spare: TextBuffer[] = [];

  /** Packs rows for as long as `use` takes. */
  async pack<Outcome>(rows: readonly AnswerRow[], use: (packed: PackedRows) => Promise<Outcome>): Promise<Outcome> {
    const buffer = this.#spare.pop() ?? new TextBuffer(firstBytes);
    buffer.clear();
    const places: [key: string, from: number, bytes: number][] = [];
    for (const { key, texts } of rows) {
      const start = buffer.length;
      for (const text of texts) buffer.add(text);
      places.push([key, start + 1, buffer.length - start]);
    }
    const outcome = await use({ bytes: buffer.bytes, places: JSON.stringify(places) });
    if (buffer.capacity <= mostKeptBytes) this.#spare.push(buffer);
    return outcome;
  }
}
