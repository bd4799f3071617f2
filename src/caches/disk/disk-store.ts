import type { ModelResponse } from "../../model/attempt.ts";
import { CacheError, messageOf } from "../../model/errors.ts";
import { readRow, writeRow } from "./answer-row.ts";
import type { AnswerCache, StoredAnswer } from "../cache-store.ts";
import type { Connection } from "./connection.ts";
import { Grouped } from "../grouped.ts";
import {
  answerPrefix,
  deleteRow,
  findKeys,
  firstFitting,
  noteRow,
  readNote,
  readValues,
  type TableRow,
  writeRows,
} from "./keyv-table.ts";
import {
  copyRows,
  deleteAllRows,
  deleteExpiredRows,
  type Expiry,
  type RowSummary,
  shrink,
  summarizeRows,
} from "./maintenance.ts";
import { type Database, defaultCheckpointBytes, type DiskStoreOptions, openDatabase } from "./open-database.ts";
import { databaseBytes, identityOf, makePrivateFile } from "./private-file.ts";
import { evictOldest, shareOut, shrinkTo, type SizeBound } from "./size-bound.ts";
import { isExpired, readAmount } from "../stored-answer.ts";

export interface DiskCacheStats extends RowSummary {
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
}

/** What one transaction writes is in memory several times over for a moment. */
const maxCharactersPerWrite = 8 * 1024 * 1024;
const maxKeysPerRead = 1024;

/**
 * Answers in one SQLite file, opened when it is first used. All that is set while a transaction is in flight goes in the next one together,
 * and all that is looked up while a query is in flight goes in the next query; see `openDiskCache`.
 */
export class DiskStore implements AnswerCache {
  readonly #options: DiskStoreOptions;
  readonly #bound: SizeBound;
  readonly #now: () => number;
  readonly #writes: Grouped<TableRow, undefined>;
  readonly #reads: Grouped<string, StoredAnswer | undefined>;
  #opening: Promise<Database> | undefined;
  #isGone = false;
  #hasWarned = false;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError when `maxBytes` is no number above 0. */
  constructor(options: DiskStoreOptions) {
    const { maxBytes, checkpointBytes = defaultCheckpointBytes, now = Date.now } = options;
    this.#options = options;
    this.#bound = shareOut(readAmount("maxBytes", maxBytes) ?? Infinity, {
      checkpointBytes,
      writeCharacters: maxCharactersPerWrite,
    });
    this.#now = now;
    this.#writes = new Grouped((rows) => this.#write(firstFitting(rows, this.#bound.writeCharacters)));
    this.#reads = new Grouped((keys) => this.#read(keys));
  }

  /** Opens the file now, so that one that cannot be used is known before anything is sent. @throws CacheError when it cannot be used. */
  async open(): Promise<void> {
    await this.#database();
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    return (await this.getStored(key))?.response;
  }

  async getStored(key: string): Promise<StoredAnswer | undefined> {
    this.#assertOpen();
    return this.#reads.add(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    this.#assertOpen();
    return (await this.#read(keys)).map((found) => found?.response);
  }

  async set(key: string, response: ModelResponse): Promise<void> {
    this.#assertOpen();
    const value = writeRow(key, response, this.#now(), this.#options.ttlMs);
    if (value.length <= this.#bound.tableBytes) await this.#writes.add({ key: answerPrefix + key, value });
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /** Whether there is an answer whose key begins with `start`. */
  async existsAt(start: string): Promise<boolean> {
    this.#assertOpen();
    const { connection } = await this.#database();
    const found = await Promise.all((await findKeys(connection, start)).map((key) => this.exists(key)));
    return found.includes(true);
  }

  put(key: string, response: ModelResponse): Promise<void> {
    return this.set(key, response);
  }

  async delete(key: string): Promise<boolean> {
    this.#assertOpen();
    const { connection } = await this.#database();
    return deleteRow(connection, key);
  }

  async getNote(name: string): Promise<string | undefined> {
    this.#assertOpen();
    const { connection } = await this.#database();
    return readNote(connection, name);
  }

  async setNote(name: string, text: string): Promise<void> {
    this.#assertOpen();
    await this.#writes.add(noteRow(name, text));
  }

  async stats(): Promise<DiskCacheStats> {
    this.#assertOpen();
    const { file, connection } = await this.#database();
    const { path } = this.#options;
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
    this.#assertOpen();
    const { connection } = await this.#database();
    const deleted = await deleteExpiredRows(connection, this.#expiry(options.olderThanMs));
    await shrink(connection);
    return deleted;
  }

  /** Deletes all answers, those of earlier versions of llmbatch included, and makes the file smaller. @returns how many. */
  async clear(): Promise<number> {
    this.#assertOpen();
    const { connection } = await this.#database();
    const deleted = await deleteAllRows(connection);
    await shrink(connection);
    return deleted;
  }

  /** Waits for what is in flight. Puts back what was deleted while it was written to. The last process to close merges the write-ahead log, so that one file remains. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  #database(): Promise<Database> {
    this.#opening ??= this.#openBounded();
    return this.#opening;
  }

  async #openBounded(): Promise<Database> {
    const { tableBytes, checkpointBytes } = this.#bound;
    const database = await openDatabase({ ...this.#options, checkpointBytes });
    if (Number.isFinite(tableBytes) && this.#options.readOnly !== true) await shrinkTo(database.connection, tableBytes);
    return database;
  }

  async #write(rows: readonly TableRow[]): Promise<undefined[]> {
    const database = await this.#database();
    const { tableBytes } = this.#bound;
    await writeRows(database.connection, rows);
    this.#assertInPlace(database);
    if (Number.isFinite(tableBytes)) await evictOldest(database.connection, tableBytes);
    return rows.map(() => undefined);
  }

  async #read(keys: readonly string[]): Promise<(StoredAnswer | undefined)[]> {
    const { connection } = await this.#database();
    const names = keys.slice(0, maxKeysPerRead).map((key) => answerPrefix + key);
    const values = await readValues(connection, names);
    const readAt = this.#now();
    return values.map((value, index) => (value === undefined ? undefined : this.#answerOf(keys[index] ?? "", value, readAt)));
  }

  #answerOf(key: string, value: unknown, readAt: number): StoredAnswer | undefined {
    const row = readRow(key, value);
    if (row === undefined) return this.#warnOfDamage();
    const { storedAt, expires = Number.POSITIVE_INFINITY } = row;
    return expires <= readAt || isExpired(storedAt, readAt, this.#options.ttlMs) ? undefined : row;
  }

  #warnOfDamage(): undefined {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { path, onWarning = process.emitWarning } = this.#options;
    onWarning(
      `the cache ${path} is damaged: answers are not what was stored (their checksums do not fit). Their requests are sent again.`,
    );
  }

  #expiry(olderThanMs: number = Number.POSITIVE_INFINITY): Expiry {
    const now = this.#now();
    const lifetimeMs = Math.min(olderThanMs, this.#options.ttlMs ?? Number.POSITIVE_INFINITY);
    return { now, storedUntil: Math.max(now - lifetimeMs, -1) };
  }

  /** SQLite goes on in a file that has no name any more: whatever a run would pay for from now on, the next one would not find. */
  #assertInPlace({ file, identity }: Database): void {
    if (file === undefined || identityOf(file) === identity) return;
    this.#isGone = true;
    throw new CacheError(
      `The cache ${this.#options.path} was deleted or replaced while it was in use. Its answers are put back at the end.`,
    );
  }

  async #putBack(file: string, connection: Connection): Promise<void> {
    try {
      await copyRows(connection, await makePrivateFile(file));
    } catch (error) {
      const { path, onWarning = process.emitWarning } = this.#options;
      onWarning(`the answers of the cache ${path}, which was deleted, could not be put back and are lost: ${messageOf(error)}`);
    }
  }

  async #finish(): Promise<void> {
    await this.#reads.idle();
    await this.#writes.idle();
    const database = await this.#opening?.catch(() => undefined); // who asked has the error
    if (database === undefined) return;
    const { file, connection } = database;
    if (this.#isGone && file !== undefined) await this.#putBack(file, connection);
    await connection.close(); // after what `getMany` has in flight
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new CacheError(`The cache ${this.#options.path} is closed.`);
  }
}
