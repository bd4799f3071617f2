import { statSync } from "node:fs";
import { extname, join } from "node:path";
import { refuseUnknownOptions } from "../../model/closest.ts";
import { readTtlMs } from "../stored-answer.ts";
import { DiskStore } from "./disk-store.ts";
import type { DiskStoreOptions } from "./open-database.ts";

export interface DiskCacheOptions extends Omit<DiskStoreOptions, "path" | "ttlMs"> {
  /**
   * How long an answer is good for, in seconds, from when it was stored.
   *
   * @default for ever
   */
  readonly ttl?: number;
}

const optionNames: Readonly<Record<keyof DiskCacheOptions, true>> = {
  ttl: true,
  maxBytes: true,
  readOnly: true,
  lockWaitMs: true,
  checkpointBytes: true,
  now: true,
  onWarning: true,
};

/**
 * The disk cache of `openDiskCache`, opened when it is first used: a file that cannot be used is the CacheError of that call.
 *
 * ```ts
 * const cache = new DiskCache("answers", { ttl: 30 * 86_400, maxBytes: 2e9 });
 * ```
 */
export class DiskCache extends DiskStore {
  /**
   * @param path A file, or a folder for the file `cache.sqlite`. What does not exist yet is a folder if its name has no extension.
   * @throws ConfigurationError when `ttl` or `maxBytes` is no number above 0, and for an option that does not exist.
   */
  constructor(path: string, given: DiskCacheOptions = {}) {
    refuseUnknownOptions("DiskCache", given, Object.keys(optionNames));
    const { ttl, ...options } = given;
    const ttlMs = readTtlMs(ttl);
    super({ ...options, path: isFolder(path) ? join(path, "cache.sqlite") : path, ...(ttlMs !== undefined && { ttlMs }) });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? (path.endsWith("/") || extname(path) === "");
}
