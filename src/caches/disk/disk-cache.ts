import type { ModelResponse } from "../../model/attempt.ts";
import { CacheError, messageOf } from "../../model/errors.ts";
import { readRow, writeRow } from "./answer-row.ts";
import type { CacheStore } from "../cache-store.ts";
import type { Connection } from "./connection.ts";
import { Grouped } from "../grouped.ts";
import { answerPrefix, noteRow, readNote, readValues, type TableRow, writeRows } from "./keyv-table.ts";
import {
  copyRows,
  deleteAllRows,
  deleteExpiredRows,
  type Expiry,
  type RowSummary,
  shrink,
  summarizeRows,
} from "./maintenance.ts";
import { databaseBytes, identityOf, makePrivateFile } from "./private-file.ts";
import { isExpired } from "../stored-answer.ts";

export interface DiskCacheStats extends RowSummary {
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
}

/** An open database, and how to use it. */
interface DiskCacheParts {
  /** As the user named it, for messages. */
  readonly path: string;
  /** Its real path; undefined for a database in memory. */
  readonly file: string | undefined;
  readonly connection: Connection;
  readonly ttlMs: number | undefined;
  readonly now: () => number;
  readonly onWarning: (message: string) => void;
}

/** What one transaction writes is in memory several times over for a moment. */
const maxCharactersPerWrite = 8 * 1024 * 1024;
const maxRowsPerWrite = 4096;
const maxKeysPerRead = 1024;

/**
 * Answers in one SQLite file. All that is set while a transaction is in flight goes in the next one together, and all that is
 * looked up while a query is in flight goes in the next query; see `openDiskCache`.
 */
export class DiskCache implements CacheStore {
  readonly #parts: DiskCacheParts;
  readonly #writes: Grouped<TableRow, undefined>;
  readonly #reads: Grouped<string, ModelResponse | undefined>;
  /** Of the file that was opened. */
  readonly #identity: string | undefined;
  #isGone = false;
  #hasWarned = false;
  #closing: Promise<void> | undefined;

  /** Use `openDiskCache`. */
  constructor(parts: DiskCacheParts) {
    this.#parts = parts;
    this.#identity = parts.file && identityOf(parts.file);
    this.#writes = new Grouped((rows) => this.#write(firstFitting(rows)));
    this.#reads = new Grouped((keys) => this.#read(keys));
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    this.#assertOpen();
    return this.#reads.add(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    this.#assertOpen();
    return this.#read(keys);
  }

  async set(key: string, response: ModelResponse): Promise<void> {
    this.#assertOpen();
    const { now, ttlMs } = this.#parts;
    await this.#writes.add({ key: answerPrefix + key, value: writeRow(key, response, now(), ttlMs) });
  }

  async getNote(name: string): Promise<string | undefined> {
    this.#assertOpen();
    return readNote(this.#parts.connection, name);
  }

  async setNote(name: string, text: string): Promise<void> {
    this.#assertOpen();
    await this.#writes.add(noteRow(name, text));
  }

  async stats(): Promise<DiskCacheStats> {
    const { path, file, connection } = this.#parts;
    const summary = await summarizeRows(connection, this.#expiry());
    return { path, ...summary, bytes: file === undefined ? 0 : await databaseBytes(file) };
  }

  /**
   * Deletes expired answers and all notes, and makes the file smaller. Takes up to the file's size again of disk space while it works, and other
   * processes wait.
   *
   * @param options.olderThanMs Deletes answers stored longer ago than that, too.
   * @returns how many answers were deleted.
   */
  async prune(options: { readonly olderThanMs?: number } = {}): Promise<number> {
    const deleted = await deleteExpiredRows(this.#parts.connection, this.#expiry(options.olderThanMs));
    await shrink(this.#parts.connection);
    return deleted;
  }

  /** Deletes all answers, those of earlier versions of llmbatch included, and makes the file smaller. @returns how many. */
  async clear(): Promise<number> {
    const deleted = await deleteAllRows(this.#parts.connection);
    await shrink(this.#parts.connection);
    return deleted;
  }

  /** Waits for what is in flight. Puts back what was deleted while it was written to. The last process to close merges the write-ahead log, so that one file remains. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #write(rows: readonly TableRow[]): Promise<undefined[]> {
    await writeRows(this.#parts.connection, rows);
    this.#assertInPlace();
    return rows.map(() => undefined);
  }

  async #read(keys: readonly string[]): Promise<(ModelResponse | undefined)[]> {
    const { connection, now } = this.#parts;
    const names = keys.slice(0, maxKeysPerRead).map((key) => answerPrefix + key);
    const values = await readValues(connection, names);
    const readAt = now();
    return values.map((value, index) => (value === undefined ? undefined : this.#answerOf(keys[index] ?? "", value, readAt)));
  }

  #answerOf(key: string, value: unknown, readAt: number): ModelResponse | undefined {
    const row = readRow(key, value);
    if (row === undefined) return this.#warnOfDamage();
    const { response, storedAt, expires = Number.POSITIVE_INFINITY } = row;
    return expires <= readAt || isExpired(storedAt, readAt, this.#parts.ttlMs) ? undefined : response;
  }

  #warnOfDamage(): undefined {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { path, onWarning } = this.#parts;
    onWarning(
      `the cache ${path} is damaged: answers are not what was stored (their checksums do not fit). Their requests are sent again.`,
    );
  }

  #expiry(olderThanMs: number = Number.POSITIVE_INFINITY): Expiry {
    const now = this.#parts.now();
    const lifetimeMs = Math.min(olderThanMs, this.#parts.ttlMs ?? Number.POSITIVE_INFINITY);
    return { now, storedUntil: Math.max(now - lifetimeMs, -1) };
  }

  /** SQLite goes on in a file that has no name any more: whatever a run would pay for from now on, the next one would not find. */
  #assertInPlace(): void {
    const { path, file } = this.#parts;
    if (file === undefined || identityOf(file) === this.#identity) return;
    this.#isGone = true;
    throw new CacheError(`The cache ${path} was deleted or replaced while it was in use. Its answers are put back at the end.`);
  }

  async #putBack(file: string): Promise<void> {
    const { path, connection, onWarning } = this.#parts;
    try {
      await copyRows(connection, await makePrivateFile(file));
    } catch (error) {
      onWarning(`the answers of the cache ${path}, which was deleted, could not be put back and are lost: ${messageOf(error)}`);
    }
  }

  async #finish(): Promise<void> {
    await this.#reads.idle();
    await this.#writes.idle();
    if (this.#isGone && this.#parts.file !== undefined) await this.#putBack(this.#parts.file);
    await this.#parts.connection.close(); // after what `getMany` has in flight
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new CacheError(`The cache ${this.#parts.path} is closed.`);
  }
}

function firstFitting(rows: readonly TableRow[]): readonly TableRow[] {
  let count = 0;
  let characters = 0;
  for (const { value } of rows) {
    characters += value.length;
    if (count === maxRowsPerWrite || (count > 0 && characters > maxCharactersPerWrite)) break;
    count += 1;
  }
  return rows.slice(0, count);
}
