import type { AnswerTable } from "./answer-table.ts";

/** Of rows that are longer than that on average, to read their pages is nearly all of the work. */
const mostBytesPerRow = 2048;
/** Of what was read and not asked for yet. Most of it is asked for with the next group. */
const mostRowsKept = 2048;
const mostCharactersKept = mostRowsKept * mostBytesPerRow;
/** Answers came in another order than their requests: the row of the first key is not the first row. */
const rowsBefore = 64;
/** Of the keys of a group, on average over the last few groups. */
const worthwhileShare = 0.5;
const weightOfLastGroup = 0.25;
/** It is tried again after so many groups at most. */
const mostGroupsBetween = 256;

/** Row by row in the order of the keys; undefined for each that was not found. */
export type FoundRows = readonly (string | undefined)[];

/**
 * Reads rows in the order in which they were first written, which is nearly the order in which a resumed run asks for them. To find each
 * by its key takes SQLite twice as long: keys are digests, so each stands anywhere in the index, and most pages of that have to be read.
 *
 * It only guesses: what it does not find has to be looked up by its key. Where it finds too little it is out of use, and is tried again when
 * groups that were looked up by their keys were all known.
 */
export class ReadAhead {
  readonly #table: Pick<AnswerTable, "locate" | "readRange">;
  /** Where the next range begins. Undefined while it is out of use. */
  #next: number | undefined;
  #locating: Promise<void> | undefined;
  #share = 1;
  /** Of the last group. So many rows more are read next: what is missing stands behind the range, or rows of other runs stand in it. */
  #missing = 0;
  #groupsToPass = 1;
  #groupsBetween = 1;
  /** By key, in the order in which they stand in the table. */
  readonly #kept = new Map<string, string>();
  #charactersKept = 0;
  /** Ranges are read side by side, but kept, and taken from, in their order. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(table: Pick<AnswerTable, "locate" | "readRange">) {
    this.#table = table;
  }

  /** Hears of each group that was looked up by its keys. */
  observeLookUp(isAllKnown: boolean): void {
    if (isAllKnown) this.#groupsToPass -= 1;
  }

  /**
   * @param keys What is wanted next, in the order of the requests.
   * @param bytesPerRow On average, as far as is known.
   * @returns what it found; nothing while it is out of use.
   * @throws CacheError when the table cannot be read.
   */
  async read(keys: readonly string[], bytesPerRow: number): Promise<FoundRows> {
    if (bytesPerRow > mostBytesPerRow) return [];
    if (this.#next === undefined && this.#groupsToPass <= 0) await (this.#locating ??= this.#locate(keys[0] ?? ""));
    if (this.#next === undefined) return [];
    const from = this.#next;
    this.#next += keys.length + this.#missing;
    const turn = this.#readInTurn(keys, from, this.#next, this.#lastTurn);
    this.#lastTurn = turn.catch(() => undefined); // the caller gets the error
    return turn;
  }

  async #locate(key: string): Promise<void> {
    const place = await this.#table.locate(key).finally(() => {
      this.#locating = undefined;
    });
    if (place === undefined) return this.#rest();
    this.#next = place - rowsBefore;
    this.#missing = rowsBefore;
  }

  async #readInTurn(wanted: readonly string[], from: number, to: number, before: Promise<unknown>): Promise<FoundRows> {
    const rows = await this.#table.readRange(from, to);
    await before;
    for (const { name, text } of rows) this.#keep(name, text);
    const found = wanted.map((key) => this.#take(key));
    this.#judge(found);
    return found;
  }

  #judge(found: FoundRows): void {
    this.#missing = found.filter((text) => text === undefined).length;
    const share = 1 - this.#missing / found.length;
    this.#share += (share - this.#share) * weightOfLastGroup;
    if (this.#share < worthwhileShare) this.#rest();
    else if (share >= worthwhileShare) this.#groupsBetween = 1;
  }

  #rest(): void {
    this.#groupsToPass = this.#groupsBetween;
    this.#groupsBetween = Math.min(2 * this.#groupsBetween, mostGroupsBetween);
    this.#next = undefined;
    this.#share = 1;
    this.#missing = 0;
    this.#kept.clear();
    this.#charactersKept = 0;
  }

  #keep(key: string, text: string): void {
    this.#take(key);
    this.#kept.set(key, text);
    this.#charactersKept += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostRowsKept && this.#charactersKept <= mostCharactersKept) break;
      this.#take(oldest);
    }
  }

  #take(key: string): string | undefined {
    const text = this.#kept.get(key);
    if (text === undefined) return undefined;
    this.#kept.delete(key);
    this.#charactersKept -= text.length;
    return text;
  }
}
