import { DigestMap } from "../../model/counting/digest-map.ts";

/** Where a result stands. */
export interface ResultPlace {
  /** Of the files that are merged, from 0. */
  readonly part: number;
  readonly offset: number;
  readonly length: number;
}

export interface FoundResult extends ResultPlace {
  readonly customId: string;
  readonly succeeded: boolean;
}

/** Not more files than this: the number stands in 13 bits beside three flags. */
export const maxParts: number = 2 ** 13;
const flagBits = 3;
/** Results that can be numbered in 32 bits. */
const maxResults = 2 ** 32 - 2;

const succeededBit = 1;
const takenBit = 2;
/** Another of the same `custom_id` was taken, or this one. */
const knownBit = 4;

/**
 * Knows of each result where it stands and what it is called, in 18 bytes and the 20 to 30 of a digest: texts stay in their files. Results of one
 * `custom_id` are a ring, in the order in which they came.
 */
export class ResultIndex {
  /** By `custom_id`: 1 and the number of the last result of the ring. */
  readonly #lastOf = new DigestMap();
  #offsets = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  /** The number of the next in the ring. */
  #next = new Uint32Array(1024);
  /** The part, then the flags. */
  #states = new Uint16Array(1024);
  size = 0;

  add({ customId, succeeded, part, offset, length }: FoundResult): void {
    if (this.size === this.#offsets.length) this.#grow();
    const at = this.size;
    this.size += 1;
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#states[at] = (part << flagBits) + (succeeded ? succeededBit : 0);
    const before = this.#lastOf.change(customId, () => at + 1);
    this.#next[at] = before === 0 ? at : (this.#next[before - 1] ?? at);
    if (before > 0) this.#next[before - 1] = at;
  }

  /**
   * Takes a result out: the first that succeeded, or else the first, of those that were not taken.
   *
   * @returns undefined where there is none.
   */
  take(customId: string): ResultPlace | undefined {
    const last = this.#lastOf.change(customId, (before) => before);
    return last === 0 ? undefined : this.#takeOfRing(this.#next[last - 1] ?? 0);
  }

  /** Takes one result for each `custom_id`, in the order in which these came. */
  *takeEach(): Generator<ResultPlace> {
    for (let at = 0; at < this.size; at += 1) {
      const found = this.#has(at, knownBit) ? undefined : this.#takeOfRing(at);
      if (found !== undefined) yield found;
    }
  }

  /** Results that were not taken. @param isKnown Whether another of their `custom_id` was. */
  *left(isKnown: boolean): Generator<ResultPlace> {
    for (let at = 0; at < this.size; at += 1)
      if (!this.#has(at, takenBit) && this.#has(at, knownBit) === isKnown) yield this.#placeOf(at);
  }

  #takeOfRing(first: number): ResultPlace | undefined {
    let found: number | undefined;
    let at = first;
    do {
      this.#flag(at, knownBit);
      const isFree = !this.#has(at, takenBit);
      if (isFree && (found === undefined || (this.#has(at, succeededBit) && !this.#has(found, succeededBit)))) found = at;
      at = this.#next[at] ?? first;
    } while (at !== first);
    if (found === undefined) return undefined;
    this.#flag(found, takenBit);
    return this.#placeOf(found);
  }

  #flag(at: number, bit: number): void {
    this.#states[at] = (this.#states[at] ?? 0) | bit;
  }

  #has(at: number, bit: number): boolean {
    return ((this.#states[at] ?? 0) & bit) !== 0;
  }

  #placeOf(at: number): ResultPlace {
    return { part: (this.#states[at] ?? 0) >> flagBits, offset: this.#offsets[at] ?? 0, length: this.#lengths[at] ?? 0 };
  }

  #grow(): void {
    if (this.size >= maxResults) throw new Error(`more than ${maxResults} results`);
    const size = Math.ceil(this.size * 1.5);
    this.#offsets = grown(this.#offsets, new Float64Array(size));
    this.#lengths = grown(this.#lengths, new Uint32Array(size));
    this.#next = grown(this.#next, new Uint32Array(size));
    this.#states = grown(this.#states, new Uint16Array(size));
  }
}

function grown<Values extends { set: (from: Values) => void }>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}
