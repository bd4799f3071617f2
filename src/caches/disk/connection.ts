import type { Database } from "sqlite3";
import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";
import { diskError, isBusy, missingModuleError } from "./disk-error.ts";

/** Columns by name. Any process may have written them, so their types are not known. */
export type Row = Readonly<Record<string, unknown>>;

interface ConnectionOptions {
  /** The database, as the user named it: for messages. */
  readonly path: string;
  /** Its real path; undefined for an empty database in memory. */
  readonly file: string | undefined;
  /** How long to wait for a lock that another process holds, in milliseconds. */
  readonly lockWaitMs: number;
}

/** How long SQLite itself waits for a lock. Longer waits are made of several, because a thread that waits cannot be stopped. */
const busyTimeoutMs = 1000;
const pauseMs = 20;

/**
 * A connection to a SQLite database that has one statement in flight at most.
 *
 * Two INSERTs in flight lose data: the first gets SQLITE_BUSY and still counts as a writer, so the second succeeds without a commit,
 * and finalizing the first rolls both back. Beside `cache prune` that cost 4 to 30 answers that had been acknowledged, in 5 of 8 runs.
 */
export class Connection {
  readonly #database: Database;
  readonly #options: ConnectionOptions;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(database: Database, options: ConnectionOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** @throws CacheError when the native module cannot be loaded, or the database cannot be opened. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { Database: NativeDatabase } = loadNativeModule();
    const database = await new Promise<Database>((resolve, reject) => {
      const opened = new NativeDatabase(options.file ?? ":memory:", (error) =>
        error === null ? resolve(opened) : reject(error),
      );
    }).catch((error: unknown) => {
      throw diskError(options.path, error);
    });
    database.configure("busyTimeout", busyTimeoutMs);
    return new Connection(database, options);
  }

  /** Runs one statement, a transaction of its own. @throws CacheError when it fails, or the database stays locked for too long. */
  async query(sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    const { path, lockWaitMs } = this.#options;
    const giveUpAt = performance.now() + lockWaitMs;
    for (;;) {
      try {
        return await this.#inTurn(() => this.#run(sql, parameters));
      } catch (error) {
        if (!isBusy(error) || performance.now() >= giveUpAt) throw diskError(path, error);
        await setTimeout(pauseMs);
      }
    }
  }

  /** Waits for what is in flight. The last connection to close merges the write-ahead log, so that one file remains. */
  close(): Promise<void> {
    return this.#inTurn(
      () => new Promise((resolve, reject) => this.#database.close((error) => (error === null ? resolve() : reject(error)))),
    );
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined); // the caller gets the error
    return turn;
  }

  #run(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#database.all<Row>(sql, parameters, (error, rows) => (error === null ? resolve(rows) : reject(error)));
    });
  }
}

/**
 * Loaded here and not above, so that all else works where the native module does not. Not by `import()`: when that meets a native
 * module which does not load, Node 20 ends the process by an unhandled rejection, though the error is caught.
 */
function loadNativeModule(): typeof import("sqlite3") {
  try {
    return createRequire(import.meta.url)("sqlite3");
  } catch (error) {
    throw missingModuleError(error);
  }
}
