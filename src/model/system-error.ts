import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigurationError, errorCode, messageOf } from "./errors.ts";

const words: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBADF: "the descriptor is not open",
  EBUSY: "it is in use by the system, perhaps a mount point",
  EDQUOT: "your disk quota is used up; make room and run the same command again",
  EFBIG: "the file would be larger than the system allows",
  EIO: "the disk or the network drive reported an error",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links go in a circle",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or directory",
  ENOSPC: "the disk is full; make room and run the same command again",
  ENOTDIR: "a part of its path is not a directory",
  ENXIO: "it is a socket, a device that is not there, or a pipe without a reader",
  EPERM: "the system does not permit it",
  EROFS: "the file system is read-only",
  ESTALE: "the network drive has lost it",
  Z_BUF_ERROR: "it is packed by gzip, and breaks off: copy or pack it anew, to its end",
  Z_DATA_ERROR: "it is packed by gzip, and damaged: copy or pack it anew",
};

/** Describes an error of opening, reading or writing a file, without the file's name. */
export function describeSystemError(error: unknown): string {
  const code = errorCode(error);
  return (code && words[code]) || messageOf(error);
}

/** @param what Cannot be done: `cannot write out.jsonl`. An error that says so already is returned as it is. */
export function asConfigurationError(what: string, error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  return new ConfigurationError(`${what}: ${describeSystemError(error)}`, { cause: error });
}

/**
 * Makes a folder for its owner alone, and those above it. One by one: `recursive` never ends in Node 20 where a file system makes none and says
 * ENOENT, as /proc does.
 *
 * @param path Whole. @throws the file system's error.
 */
export async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) await mkdir(folder, 0o700).catch(ignoreExisting);
}

/** Another process has made it meanwhile. */
function ignoreExisting(error: unknown): void {
  if (errorCode(error) !== "EEXIST") throw error;
}
