import type { Answer } from "../model/attempt.ts";
import { CacheError } from "../model/errors.ts";
import { readRow, rowTexts } from "./answer-row.ts";
import type { AnswerTable } from "./answer-table.ts";
import type { CacheStore } from "./cache-store.ts";
import { readOnlyError } from "./disk-error.ts";
import { Grouped } from "./group.ts";
import {
  deleteAllRows,
  deleteExpiredRows,
  deleteStrayNames,
  type Expiry,
  type RowSummary,
  shrink,
  summarizeRows,
} from "./maintenance.ts";
import { deleteNotes, readNote, writeNote } from "./notes.ts";
import { databaseBytes } from "./private-file.ts";
import { type FoundRows, ReadAhead } from "./read-ahead.ts";
import { pageBytes, type Query } from "./tables.ts";
import type { WriteAheadLog } from "./write-ahead-log.ts";

export interface DiskCacheStats extends RowSummary {
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
}

/** An answer that waits to be written. Made a row of with its group: that is faster than one by one. */
interface NewAnswer {
  readonly key: string;
  readonly answer: Answer;
  readonly storedAt: number;
}

/** An open database, and how to use it. */
export interface DiskCacheParts {
  /** As the user named it, for messages. */
  readonly path: string;
  /** Its real path; undefined for a database in memory. */
  readonly file: string | undefined;
  readonly query: Query;
  readonly table: AnswerTable;
  readonly log: WriteAheadLog;
  readonly disconnect: () => Promise<void>;
  readonly isReadOnly: boolean;
  readonly ttlMs: number | undefined;
  readonly now: () => number;
}

/**
 * Answers in one SQLite file. All that is set while transactions are under way goes in the next one together, and all that is
 * looked up while a query is under way goes in the next query; see `openDiskCache`.
 */
export class DiskCache implements CacheStore {
  readonly #parts: DiskCacheParts;
  readonly #writes: Grouped<NewAnswer, never>;
  readonly #reads: Grouped<string, Answer>;
  /** By `getMany`, beside those in groups. */
  readonly #readings = new Set<Promise<unknown>>();
  readonly #readAhead: ReadAhead;
  #bytesPerHit = cautiousBytesPerHit;
  #closing: Promise<void> | undefined;

  /** Use `openDiskCache`. */
  constructor(parts: DiskCacheParts) {
    this.#parts = parts;
    this.#readAhead = new ReadAhead(parts.table);
    this.#writes = new Grouped({
      run: (rows) => this.#write(rows),
      bytesOf: ({ answer }) => answer.body.length,
      maxItems: maxRowsPerGroup,
      maxBytes: maxGroupBytes,
      maxGroups: groupsOfWrites,
    });
    this.#reads = new Grouped({
      run: (keys) => this.#read(keys),
      bytesOf: () => this.#bytesPerHit,
      maxItems: maxKeysPerRead,
      maxBytes: maxGroupBytes,
      maxGroups: 1,
    });
  }

  get(key: string): Promise<Answer | undefined> {
    return this.#closing === undefined ? this.#reads.add(key) : this.#rejectClosed();
  }

  async getMany(keys: readonly string[]): Promise<readonly (Answer | undefined)[]> {
    if (this.#closing !== undefined) return this.#rejectClosed();
    const reading = this.#readMany(keys.slice(0, maxKeysPerRead));
    this.#readings.add(reading);
    try {
      return await reading;
    } finally {
      this.#readings.delete(reading);
    }
  }

  set(key: string, answer: Answer): Promise<undefined> {
    if (this.#closing !== undefined) return this.#rejectClosed();
    return this.#writes.add({ key, answer, storedAt: this.#parts.now() });
  }

  async getNote(name: string): Promise<string | undefined> {
    if (this.#closing !== undefined) return this.#rejectClosed();
    return readNote(this.#parts.query, name);
  }

  async setNote(name: string, text: string): Promise<void> {
    if (this.#closing !== undefined) return this.#rejectClosed();
    this.#rejectReadOnly();
    await writeNote(this.#parts.query, name, text);
  }

  async stats(): Promise<DiskCacheStats> {
    const { path, file, query, table, isReadOnly } = this.#parts;
    if (!isReadOnly) await table.deleteReplaced();
    const summary = await summarizeRows(query, this.#expiry());
    return { path, ...summary, bytes: file === undefined ? 0 : await databaseBytes(file) };
  }

  /**
   * Deletes expired answers and all notes, and makes the file smaller. Takes up to the file's size again of disk space while it works, and other
   * processes wait.
   *
   * @param options.olderThanMs Deletes answers stored longer ago than that, too.
   * @returns how many were deleted.
   */
  async prune(options: { readonly olderThanMs?: number } = {}): Promise<number> {
    this.#rejectReadOnly();
    const { query, table } = this.#parts;
    await table.deleteReplaced();
    const deleted = await deleteExpiredRows(query, this.#expiry(options.olderThanMs));
    await deleteStrayNames(query);
    await deleteNotes(query);
    await shrink(query);
    return deleted;
  }

  /** Deletes all answers, those of other versions of llmbatch included, and makes the file smaller. @returns how many. */
  async clear(): Promise<number> {
    this.#rejectReadOnly();
    const deleted = await deleteAllRows(this.#parts.query);
    await shrink(this.#parts.query);
    return deleted;
  }

  /** Waits for what is under way. The last process to close merges the write-ahead log, so that one file remains. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #write(answers: readonly NewAnswer[]): Promise<never[]> {
    this.#rejectReadOnly();
    const { table, log, ttlMs } = this.#parts;
    const rows = answers.map(({ key, answer, storedAt }) => ({ key, texts: rowTexts(answer, storedAt, ttlMs) }));
    const bytes = await table.write(rows);
    await log.grewBy(bytes + pageBytes * (pagesPerGroup + rows.length * pagesPerRow));
    return [];
  }

  async #readMany(keys: readonly string[]): Promise<(Answer | undefined)[]> {
    const found = await this.#readAhead.read(keys, this.#bytesPerHit);
    if (found.length > 0) return this.#answersOf(await this.#complete(found, keys));
    const fitting = Math.max(1, Math.floor(maxGroupBytes / this.#bytesPerHit));
    const answers = await this.#read(keys.slice(0, fitting));
    this.#readAhead.observeLookUp(!answers.includes(undefined));
    return answers;
  }

  /** Looks up what is missing. */
  async #complete(found: FoundRows, keys: readonly string[]): Promise<readonly unknown[]> {
    const missing = keys.filter((_, place) => found[place] === undefined);
    if (missing.length === 0) return found;
    const others = (await this.#parts.table.read(missing)).values();
    return found.map((text) => text ?? others.next().value);
  }

  async #read(keys: readonly string[]): Promise<(Answer | undefined)[]> {
    return this.#answersOf(await this.#parts.table.read(keys));
  }

  #answersOf(rows: readonly unknown[]): (Answer | undefined)[] {
    const now = this.#parts.now();
    let hits = 0;
    let bytes = 0;
    const answers = rows.map((row) => {
      const answer = readRow(row, now, this.#parts.ttlMs);
      if (answer !== undefined) {
        hits += 1;
        bytes += answer.body.length;
      }
      return answer;
    });
    if (hits > 0) this.#bytesPerHit = Math.max(bytes / hits, this.#bytesPerHit / 2);
    return answers;
  }

  #expiry(olderThanMs: number = Number.POSITIVE_INFINITY): Expiry {
    const now = this.#parts.now();
    const lifetimeMs = Math.min(olderThanMs, this.#parts.ttlMs ?? Number.POSITIVE_INFINITY);
    return { now, storedUntil: Math.max(now - lifetimeMs, -1) };
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#readings);
    await this.#reads.idle();
    await this.#writes.idle();
    await this.#finishTable();
    await this.#parts.log.close();
    await this.#parts.disconnect();
  }

  /** The next process has less to look through. Whatever fails can be done by any later one. */
  async #finishTable(): Promise<void> {
    const { table, isReadOnly } = this.#parts;
    await table.idle();
    if (!isReadOnly) await table.deleteReplaced().catch(() => undefined);
  }

  /** Not left to SQLite, which would not let names be gathered in memory either. */
  #rejectReadOnly(): void {
    if (this.#parts.isReadOnly) throw readOnlyError(this.#parts.path);
  }

  #rejectClosed(): Promise<never> {
    return Promise.reject(new CacheError(`The cache ${this.#parts.path} is closed.`));
  }
}

/** What one transaction writes, and what one query reads, is in memory several times over for a moment. */
const maxGroupBytes = 8 * 1024 * 1024;
const maxRowsPerGroup = 4096;
const maxKeysPerRead = 1024;
/** SQLite takes one after the other; the next lies ready there, so that nobody waits while this thread is busy with other things. */
const groupsOfWrites = 2;
/** Of a group, the last page of the table and what leads there; of a row, what its text does not fill, and its part of the index. */
const pagesPerGroup = 3;
const pagesPerRow = 0.25;
/** How large answers are is known only after some have been read. */
const cautiousBytesPerHit = 64 * 1024;
