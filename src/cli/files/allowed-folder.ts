import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute, resolve, sep } from "node:path";
import { type FindLocalFile, headBytes, type LocalFile, type NoLocalFile } from "../../jsonl/jsonl.ts";
import { UsageError } from "../../model/errors.ts";
import { describeSystemError } from "./system-error.ts";

/**
 * Lets the files below one folder be sent, and no others: wherever symbolic links lead, the file itself has to lie there. What is no
 * regular file is never opened, because that may wait for ever or have effects.
 *
 * Reading blocks: a request has nothing else to do until it has its files, and they come from the local disk.
 *
 * @throws UsageError when there is no such folder.
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
      const place = realpathSync.native(resolve(root, path));
      return isBelow(place, root) || place === root ? find(place) : outside;
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
    throw new UsageError(`--allow-files: cannot use ${folder}: ${describeSystemError(error)}`, { cause: error });
  }
  throw new UsageError(`--allow-files: cannot use ${folder}: it is not a directory`);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function find(place: string): LocalFile | NoLocalFile {
  const status = statSync(place);
  if (status.isDirectory()) return { problem: "it is a directory" };
  if (!status.isFile()) return { problem: "it is not a regular file" };
  const head = readFrom(place, status, headBytes);
  if ("problem" in head) return head;
  return { bytes: status.size, head, read: () => readAll(place, status) };
}

function readAll(place: string, status: Stats): Buffer | NoLocalFile {
  try {
    return readFrom(place, status, status.size);
  } catch (error) {
    return { problem: describeSystemError(error) };
  }
}

const changed: NoLocalFile = { problem: "it has changed while it was being read; run the same command again" };

/** @returns as many of the first bytes as there are. @throws Error of the system. */
function readFrom(place: string, { ino, dev, size }: Stats, bytes: number): Buffer | NoLocalFile {
  // Should another file have taken its place by now: a link is not followed, a pipe not waited for.
  const file = openSync(place, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const now = fstatSync(file);
    if (now.ino !== ino || now.dev !== dev || now.size !== size) return changed;
    const content = Buffer.allocUnsafeSlow(Math.min(bytes, size));
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
