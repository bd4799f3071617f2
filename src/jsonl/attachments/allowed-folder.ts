import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute, resolve, sep } from "node:path";
import { ConfigurationError } from "../../model/errors.ts";
import { asConfigurationError, describeSystemError } from "../../model/system-error.ts";
import type { FindLocalFile, LocalFile, NoLocalFile } from "./local-file.ts";
import { headBytes } from "./media-type.ts";

/**
 * Allows the files below one folder: their real paths, behind all symbolic links, must lie there, and so must what was opened by them.
 * Only regular files are opened, because opening a pipe may block for ever and opening a device may have effects.
 *
 * Reading is synchronous: it takes a tenth of the time that hashing and sending the same bytes take, and keeps parsing synchronous.
 *
 * @throws ConfigurationError when there is no such folder.
 */
export function allowFolder(folder: string): FindLocalFile {
  const root = realFolder(folder);
  const roots = [root, resolve(folder)];
  return (path) => {
    if (path.includes("\0")) return { problem: "a name cannot hold a NUL character" };
    if (path.split(/[\\/]/).includes(".."))
      return { problem: "`..` is not allowed; name it from the folder that --allow-files names" };
    if (isAbsolute(path) && !roots.some((each) => isBelow(path, each))) return outside;
    try {
      const realPath = realpathSync.native(resolve(root, path));
      return isBelow(realPath, root) || realPath === root ? find(realPath, root) : outside;
    } catch (error) {
      return { problem: describeSystemError(error) };
    }
  };
}

const outside: NoLocalFile = { problem: "it is not below the folder that --allow-files names" };

function realFolder(folder: string): string {
  try {
    const root = realpathSync.native(folder);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    throw asConfigurationError(`--allow-files: cannot use ${folder}`, error);
  }
  throw new ConfigurationError(`--allow-files: cannot use ${folder}: it is not a directory`);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function find(realPath: string, root: string): LocalFile | NoLocalFile {
  const status = statSync(realPath);
  if (status.isDirectory()) return { problem: "it is a directory" };
  if (!status.isFile()) return { problem: "it is not a regular file" };
  const head = readFrom(realPath, root, status, headBytes);
  if ("problem" in head) return head;
  return { bytes: status.size, head, read: () => readAll(realPath, root, status) };
}

function readAll(realPath: string, root: string, status: Stats): Buffer | NoLocalFile {
  try {
    return readFrom(realPath, root, status, status.size);
  } catch (error) {
    return { problem: describeSystemError(error) };
  }
}

const changed: NoLocalFile = { problem: "it has changed while it was being read; run the same command again" };

/** @returns the first bytes, fewer if the file is shorter. @throws a system error. */
function readFrom(realPath: string, root: string, status: Stats, bytes: number): Buffer | NoLocalFile {
  // If another file has replaced it since `stat`: no link is followed, no pipe waited for.
  const file = openSync(realPath, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const opened = fstatSync(file);
    if (!isSame(opened, status) || opened.size !== status.size) return changed;
    if (!liesBelow(file, opened, realPath, root)) return outside;
    const content = Buffer.allocUnsafeSlow(Math.min(bytes, opened.size));
    for (let at = 0; at < content.length;) {
      const length = readSync(file, content, at, content.length - at, at);
      if (length === 0) return changed;
      at += length;
    }
    return content;
  } finally {
    closeSync(file);
  }
}

/**
 * Where an open file lies is asked of the descriptor: a folder on its path may be a link by now, or have been one when it was opened (73
 * files from outside were sent). Systems without `/proc` have the path alone, so it must lead there, and to this very file.
 */
function liesBelow(file: number, opened: Stats, realPath: string, root: string): boolean {
  if (process.platform === "linux") return isBelow(readlinkSync(`/proc/self/fd/${file}`), root);
  const path = realpathSync.native(realPath);
  return isBelow(path, root) && isSame(statSync(path), opened);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
