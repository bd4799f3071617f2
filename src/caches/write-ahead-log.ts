import type { Query } from "./tables.ts";

export interface WriteAheadLogOptions {
  /** On the connection that writes. */
  readonly query: Query;
  /** Opens another connection to the same database. */
  readonly connect: () => Promise<OtherConnection>;
  /** Waits until what was written to the database's own file is on the disk. */
  readonly sync: () => Promise<void>;
}

export interface OtherConnection {
  readonly query: Query;
  readonly disconnect: () => Promise<void>;
}

/**
 * Has SQLite move what its write-ahead log holds into the database whenever there is much of it. That waits for the disk, so most
 * of it happens on a connection of its own while the next answers are written; what these add is then moved between two
 * transactions, so that the log is empty for a moment, and starts again from its beginning.
 *
 * A log that cannot be moved now, because another process reads it or the disk is full, is left for the next time: nothing is
 * lost, it only grows.
 */
export class WriteAheadLog {
  readonly #options: WriteAheadLogOptions;
  #other: Promise<OtherConnection> | undefined;
  #bytes = 0;
  #moving: Promise<void> | undefined;
  #isNearlyEmpty = false;

  constructor(options: WriteAheadLogOptions) {
    this.#options = options;
  }

  /** To be awaited after each transaction, before its answers count. @param bytes About what it has written. */
  async grewBy(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#isNearlyEmpty) await this.#moveRest();
    else if (this.#bytes >= bytesPerCheckpoint) this.#moving ??= this.#moveMost();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#moving;
    await this.#other?.then(({ disconnect }) => disconnect()).catch(() => undefined);
  }

  async #moveMost(): Promise<void> {
    try {
      const { query } = await (this.#other ??= this.#options.connect());
      for (let time = 0; time < timesBeforeRest; time += 1) {
        await query(checkpoint);
        await this.#options.sync();
      }
    } catch {
      // then there is more left
    }
    this.#isNearlyEmpty = true;
  }

  /** Another transaction may have been handed to SQLite before this: its frames are moved as well, or begin the log anew. */
  async #moveRest(): Promise<void> {
    this.#isNearlyEmpty = false; // one is enough, whoever else ends a transaction meanwhile
    await this.#options.query(checkpoint).catch(() => undefined);
    this.#bytes = 0;
    this.#moving = undefined;
  }
}

/** Waits for nobody: moves what no reader needs to find in the log. */
const checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
/**
 * SQLite syncs the database when it has moved all, which it never has while answers are written. Left to the last time, for which the
 * next answers wait, that took 50 ms for each 64 MiB; now that takes 7. Twice, because much is written during the first time.
 */
const timesBeforeRest = 2;
/** The default, 1,000 pages, would move pages of the key's index, which each transaction touches all over, far more often. */
const bytesPerCheckpoint = 64 * 1024 * 1024;
