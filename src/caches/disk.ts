import type { KeyvSqlite } from "@keyv/sqlite";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { AnswerTable } from "./answer-table.ts";
import { DatabaseFile } from "./database-file.ts";
import { DiskCache } from "./disk-cache.ts";
import { diskError, isBusy, missingModuleError } from "./disk-error.ts";
import { probe } from "./notes.ts";
import { findFile, makePrivateFile } from "./private-file.ts";
import { createTables, pageBytes, type Query } from "./tables.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export type { DiskCache, DiskCacheStats } from "./disk-cache.ts";

export interface DiskCacheOptions {
  /** The SQLite file. It is made, with its folder, if it is not there. */
  readonly path: string;
  /**
   * How long an answer is good for, in milliseconds, from when it was stored. Stored answers keep the time they were stored with,
   * and one that is older than this is not found either. Default: for ever.
   */
  readonly ttlMs?: number;
  /** Stores nothing: no file is made (one that is missing is an empty cache), `set`, `prune` and `clear` fail. Default false. */
  readonly readOnly?: boolean;
  /** How long to wait while another process has the file locked, in milliseconds. Default 60,000. */
  readonly lockWaitMs?: number;
  /** The clock, in whole milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Opens a cache that is one SQLite file, which several processes may use at once: each finds the others' answers. Only its owner
 * can read it (mode 0600). Answers stand in a table of their own, not in Keyv's: see `AnswerTable`.
 *
 * What `set` has acknowledged survives the death of the process at any moment, `kill -9` included. When the operating system
 * crashes or the power fails, answers that it had not written out yet are missing and are asked for again: usually those of the
 * last half minute, at worst those since the last checkpoint. The file is whole nevertheless (SQLite's write-ahead log with
 * `synchronous=NORMAL`: see "Performance Considerations" in https://sqlite.org/wal.html). Syncing each group instead would make
 * a run wait for the disk.
 *
 * @throws CacheError when the native module cannot be loaded, or the file cannot be opened, written and read back: a cache that
 *   does not work is known before anything is sent.
 */
export async function openDiskCache(options: DiskCacheOptions): Promise<DiskCache> {
  const { path, readOnly = false } = options;
  const Store = loadStore();
  try {
    const file = readOnly ? await findFile(resolve(path)) : await makePrivateFile(resolve(path));
    const held = file === undefined ? undefined : await DatabaseFile.hold(file);
    try {
      return await openHeld(Store, held, options);
    } catch (error) {
      await held?.release();
      throw error;
    }
  } catch (error) {
    throw diskError(path, error);
  }
}

/** @param held Undefined for an empty database that no file belongs to. */
async function openHeld(Store: typeof KeyvSqlite, held: DatabaseFile | undefined, options: DiskCacheOptions): Promise<DiskCache> {
  const { path, ttlMs, readOnly: isReadOnly = false, lockWaitMs = 60_000, now = Date.now } = options;
  const file = held?.path;
  const connect = (): Promise<KeyvSqlite> => withPatience(() => open(Store, file, isReadOnly), lockWaitMs);
  const store = await connect();
  const query = queryOf(store, path, lockWaitMs);
  await orDisconnect(store, async () => {
    await createTables(query);
    if (!isReadOnly) await probe(query);
  });
  const log = new WriteAheadLog({
    query,
    connect: async () => {
      const other = await connect();
      return { query: queryOf(other, path, lockWaitMs), disconnect: () => other.close() };
    },
    sync: async () => held?.sync(),
  });
  const disconnect = async (): Promise<void> => {
    await store.close();
    await held?.release();
  };
  return new DiskCache({ path, file, query, table: new AnswerTable(query), log, disconnect, isReadOnly, ttlMs, now });
}

/** How long SQLite itself waits for a lock. Longer waits are made of several, because the thread that waits cannot be stopped. */
const busyTimeoutMs = 1000;
const pauseMs = 20;
/** Of pages kept in memory. More helps nobody: a split of an index page makes SQLite walk through all of them. */
const pageCacheKiB = 4 * 1024;

/**
 * Loaded here and not above, so that all else works where the native module does not. Not by `import()`: when that meets a native
 * module which does not load, node 20 ends the process by an unhandled rejection, though the error is caught.
 */
function loadStore(): typeof KeyvSqlite {
  try {
    const sqlite: typeof import("@keyv/sqlite") = createRequire(import.meta.url)("@keyv/sqlite");
    return sqlite.KeyvSqlite;
  } catch (error) {
    throw missingModuleError(error);
  }
}

async function open(Store: typeof KeyvSqlite, file: string | undefined, readOnly: boolean): Promise<KeyvSqlite> {
  const store = new Store({ uri: file ?? ":memory:", busyTimeout: busyTimeoutMs });
  store.on("error", () => undefined); // its queries reject with the same error
  await orDisconnect(store, async () => {
    await store.query(`PRAGMA cache_size = -${pageCacheKiB}`);
    if (readOnly) return;
    await enlargePages(store).catch(() => undefined); // any size will do
    await keepLog(store);
  });
  return store;
}

async function orDisconnect(store: KeyvSqlite, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await store.close().catch(() => undefined);
    throw error;
  }
}

/** Only in a database that is new: once there is a log, the size of pages stays what it is. */
async function enlargePages(store: KeyvSqlite): Promise<void> {
  const [row] = await store.query("PRAGMA journal_mode");
  if (row.journal_mode === "wal" || (await store.query("SELECT 1 FROM keyv LIMIT 1")).length > 0) return;
  await store.query(`PRAGMA page_size = ${pageBytes}`);
  await store.query("VACUUM");
}

/** Some file systems cannot keep a write-ahead log; without one, only full synchronisation is safe. */
async function keepLog(store: KeyvSqlite): Promise<void> {
  const [row] = await store.query("PRAGMA journal_mode = WAL");
  await store.query(`PRAGMA synchronous = ${row.journal_mode === "wal" ? "NORMAL" : "FULL"}`);
  await store.query("PRAGMA wal_autocheckpoint = 0");
}

function queryOf(store: KeyvSqlite, path: string, lockWaitMs: number): Query {
  return async (sql, parameters = []) => {
    try {
      return await withPatience(() => store.query(sql, parameters), lockWaitMs);
    } catch (error) {
      throw diskError(path, error);
    }
  };
}

async function withPatience<Value>(attempt: () => Promise<Value>, patienceMs: number): Promise<Value> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= giveUpAt) throw error;
      await setTimeout(pauseMs);
    }
  }
}
