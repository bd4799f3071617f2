import { DigestMap } from "./digest-map.ts";

/** Counts how often each text was seen, at 20 to 30 bytes a text. */
export class DigestCounts {
  readonly #counts = new DigestMap();

  /** Counts `text` once more. @returns how often it had been seen before. */
  add(text: string): number {
    return this.#counts.change(text, oneMore);
  }
}

function oneMore(count: number): number {
  return count + 1;
}
