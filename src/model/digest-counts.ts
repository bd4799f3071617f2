import { hash } from "node:crypto";

const wordsPerSlot = 4;
const fullestLoad = 0.7;

/**
 * Counts how often each text was seen, at some 30 bytes a text however long the texts are: a `Map` of a million ids would take
 * more memory than a run may. Holds 96 bits of a SHA-256 of each, so two texts are mistaken for one about once in 10^17 runs of a
 * million lines.
 */
export class DigestCounts {
  #slots = 1024;
  #used = 0;
  #table: Uint32Array = new Uint32Array(this.#slots * wordsPerSlot);

  /** Counts `text` once more. @returns how often it had been seen before. */
  add(text: string): number {
    if (this.#used >= this.#slots * fullestLoad) this.#grow();
    const digest = hash("sha256", text, "buffer");
    const a = digest.readUInt32LE(0);
    const b = digest.readUInt32LE(4);
    const c = digest.readUInt32LE(8);
    const table = this.#table;
    const at = findSlot(table, this.#slots, a, b, c);
    const seen = table[at + 3] ?? 0;
    if (seen === 0) {
      table[at] = a;
      table[at + 1] = b;
      table[at + 2] = c;
      this.#used += 1;
    }
    table[at + 3] = seen + 1;
    return seen;
  }

  #grow(): void {
    const old = this.#table;
    this.#slots *= 2;
    this.#table = new Uint32Array(this.#slots * wordsPerSlot);
    for (let from = 0; from < old.length; from += wordsPerSlot) {
      const [a = 0, b = 0, c = 0, count = 0] = old.subarray(from, from + wordsPerSlot);
      if (count === 0) continue;
      this.#table.set([a, b, c, count], findSlot(this.#table, this.#slots, a, b, c));
    }
  }
}

/** The place of a digest in the table, or of the empty slot where it belongs (its count is 0). */
function findSlot(table: Uint32Array, slots: number, a: number, b: number, c: number): number {
  for (let slot = a % slots; ; slot = (slot + 1) % slots) {
    const at = slot * wordsPerSlot;
    if (table[at + 3] === 0) return at;
    if (table[at] === a && table[at + 1] === b && table[at + 2] === c) return at;
  }
}
