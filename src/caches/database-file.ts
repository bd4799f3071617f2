import { type FileHandle, open, stat } from "node:fs/promises";

interface Shared {
  holders: number;
  handle: Promise<FileHandle> | undefined;
  closing: Promise<void> | undefined;
}

/** By device and inode: the files of all databases that are open. */
const held = new Map<string, Shared>();

/**
 * The file of an open database, beside SQLite's own connections to it, so that it can be synced while those are in use.
 *
 * Closing any descriptor of a file drops all POSIX locks that the process has on it, those of SQLite's connections included. So all
 * databases of one file that this thread has open share one descriptor, and it is closed when the last of them has disconnected.
 */
export class DatabaseFile {
  readonly path: string;
  readonly #shared: Shared;
  readonly #id: string;

  private constructor(path: string, id: string, shared: Shared) {
    this.path = path;
    this.#id = id;
    this.#shared = shared;
  }

  /** To be called before a connection is made. @throws the file system's error if there is no such file. */
  static async hold(path: string): Promise<DatabaseFile> {
    const { dev, ino } = await stat(path, { bigint: true });
    const id = `${dev} ${ino}`;
    for (let closing = held.get(id)?.closing; closing !== undefined; closing = held.get(id)?.closing) await closing;
    const shared = held.get(id) ?? { holders: 0, handle: undefined, closing: undefined };
    shared.holders += 1;
    held.set(id, shared);
    return new DatabaseFile(path, id, shared);
  }

  /** Waits until all that was written to the file, by anybody, is on the disk. @throws the file system's error. */
  async sync(): Promise<void> {
    this.#shared.handle ??= open(this.path, "r+");
    const handle = await this.#shared.handle;
    await handle.datasync();
  }

  /** To be called once, after the connections have been closed. Never rejects. */
  async release(): Promise<void> {
    this.#shared.holders -= 1;
    if (this.#shared.holders > 0) return;
    this.#shared.closing = this.#close();
    await this.#shared.closing;
  }

  async #close(): Promise<void> {
    await this.#shared.handle?.then((handle) => handle.close()).catch(() => undefined);
    held.delete(this.#id);
  }
}
