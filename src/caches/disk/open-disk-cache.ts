import { DiskStore } from "./disk-store.ts";
import type { DiskStoreOptions } from "./open-database.ts";

/**
 * Opens a cache that is one SQLite file, which several processes may use at once: each finds the others' answers. Only its owner
 * can read it (mode 0600). Its table is that of `@keyv/sqlite`: `new Keyv(new KeyvSqlite(path))` finds answers by their fingerprints.
 *
 * What `set` has acknowledged survives the death of the process at any moment, `kill -9` included. When the operating system
 * crashes or the power fails, answers that it had not written out yet are missing and their requests are sent again: usually those of the
 * last half minute, at worst those since the last checkpoint. The file is whole nevertheless (SQLite's write-ahead log with
 * `synchronous=NORMAL`: see "Performance Considerations" in https://sqlite.org/wal.html). Syncing each group instead would make
 * a run wait for the disk.
 *
 * @throws CacheError when the native module cannot be loaded, or the file cannot be opened, written and read back: a cache that
 *   does not work is known before anything is sent.
 */
export async function openDiskCache(options: DiskStoreOptions): Promise<DiskStore> {
  const store = new DiskStore(options);
  await store.open();
  return store;
}
