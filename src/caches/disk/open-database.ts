import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { Connection } from "./connection.ts";
import { diskError } from "./disk-error.ts";
import { createTableSql, noteRow, writeRows } from "./keyv-table.ts";
import { earlierTables } from "./maintenance.ts";
import type { SizeBound } from "./size-bound.ts";
import { findFile, identityOf, makePrivateFile } from "./private-file.ts";

export interface DiskStoreOptions {
  /** The SQLite file. It is made, with its folder, if it is not there. */
  readonly path: string;
  /**
   * How long an answer is good for, in milliseconds, from when it was stored. Stored answers keep the time they were stored with,
   * and one that is older than this is not found either.
   *
   * @default for ever
   */
  readonly ttlMs?: number;
  /**
   * The most that the cache's files take, in bytes. The answers stored first make room for what comes; one that is larger than
   * the whole cache is not kept.
   *
   * @default no limit
   */
  readonly maxBytes?: number;
  /**
   * Stores nothing: no file is made (one that is missing is an empty cache), `set`, `prune` and `clear` fail.
   *
   * @default false
   */
  readonly readOnly?: boolean;
  /**
   * How long to wait while another process has the file locked, in milliseconds.
   *
   * @default 60_000
   */
  readonly lockWaitMs?: number;
  /**
   * How much the write-ahead log gathers before it is moved into the database, in bytes.
   *
   * @default 64 MiB
   */
  readonly checkpointBytes?: number;
  /**
   * The clock, in whole milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * Called once when a row is damaged, and once for each file that holds answers of an earlier version.
   *
   * @default process.emitWarning
   */
  readonly onWarning?: (message: string) => void;
}

/** An open database. */
export interface Database {
  readonly connection: Connection;
  /** Its real path; undefined for one in memory. */
  readonly file: string | undefined;
  /** Of the file that was opened. */
  readonly identity: string | undefined;
}

/** @throws CacheError as `openDiskCache` does. */
export async function openDatabase(options: DiskStoreOptions & Pick<SizeBound, "checkpointBytes">): Promise<Database> {
  const { path, readOnly = false, lockWaitMs = 60_000, checkpointBytes, onWarning = process.emitWarning } = options;
  const file = await (readOnly ? findFile(resolve(path)) : makePrivateFile(resolve(path))).catch((error: unknown) => {
    throw diskError(path, error);
  });
  const connection = await Connection.open({ path, file, lockWaitMs });
  try {
    if (!readOnly) await keepLog(connection, checkpointBytes);
    await connection.query(createTableSql);
    if (readOnly) await connection.query("PRAGMA query_only = 1");
    else {
      await probe(connection, path);
      await warnOfEarlierTables(connection, path, onWarning);
    }
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
  return { connection, file, identity: file && identityOf(file) };
}

/**
 * Each checkpoint waits for the disk, and the answers of one group wait with it: 0.1 to 0.6 s. By SQLite's default, 4 MiB, it comes every 450
 * answers of 500 bytes, and writing takes a quarter more CPU.
 */
export const defaultCheckpointBytes: number = 64 * 1024 * 1024;

/** Some file systems cannot keep a write-ahead log; without one, only full synchronization is safe. */
async function keepLog(connection: Connection, checkpointBytes: number): Promise<void> {
  const [row] = await connection.query("PRAGMA journal_mode = WAL");
  await connection.query(`PRAGMA synchronous = ${row?.["journal_mode"] === "wal" ? "NORMAL" : "FULL"}`);
  const [page] = await connection.query("PRAGMA page_size");
  await connection.query(`PRAGMA wal_autocheckpoint = ${Math.ceil(checkpointBytes / Number(page?.["page_size"]))}`);
}

async function probe(connection: Connection, path: string): Promise<void> {
  const note = noteRow(`probe ${randomUUID()}`, path);
  await writeRows(connection, [note]);
  const [row] = await connection.query("DELETE FROM keyv WHERE key = ? RETURNING value", [note.key]);
  if (row?.["value"] !== note.value) throw diskError(path, new Error("what is written to it does not come back"));
}

/** Says it once for each file: its user version, which those versions left at 0, tells that it was said. */
async function warnOfEarlierTables(connection: Connection, path: string, onWarning: (message: string) => void): Promise<void> {
  if ((await earlierTables(connection)).length === 0) return;
  const [row] = await connection.query("PRAGMA user_version");
  if (row?.["user_version"] !== 0) return;
  await connection.query("PRAGMA user_version = 2");
  onWarning(
    `the cache ${path} holds answers of an earlier version of llmbatch, which this version does not read: those requests are sent again. ` +
      'They stay in the file until "llmbatch cache clear" deletes all answers.',
  );
}
