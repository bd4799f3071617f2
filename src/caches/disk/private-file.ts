import { statSync } from "node:fs";
import { chmod, lstat, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../model/errors.ts";
import { makeFolders } from "../../model/system-error.ts";

/**
 * Makes sure that a database file is there and that its owner alone can read it, whatever the umask: mode 0600, in a folder of
 * mode 0700 if that is made too. The files that SQLite puts beside a database take over its mode.
 *
 * An existing file is never opened here. Closing any descriptor of a file drops all POSIX locks that the process has on it, also
 * those of a database connection that is in use.
 *
 * @returns the file's real path.
 * @throws the file system's error, or an Error when there is something else than a file.
 */
export async function makePrivateFile(path: string): Promise<string> {
  await makeFolders(dirname(path));
  await createFile(path);
  const file = await realpath(path);
  if (!(await stat(file)).isFile()) throw new Error("it is not a file");
  for (const suffix of ["", "-wal", "-shm", "-journal"]) await tighten(file + suffix);
  return file;
}

/** @returns the real path of a database file; undefined if there is none, or nothing in it yet. */
export async function findFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(ignoreMissing);
  if (found === undefined || (found.isFile() && found.size === 0)) return undefined;
  return realpath(path);
}

/** Which file stands at a path; undefined if none can be seen there. Synchronous: it is asked with each write, and takes 4 µs. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** @returns bytes on the disk, the write-ahead log included. */
export async function databaseBytes(file: string): Promise<number> {
  const [database, log] = await Promise.all([stat(file).catch(ignoreMissing), stat(`${file}-wal`).catch(ignoreMissing)]);
  return (database?.size ?? 0) + (log?.size ?? 0);
}

async function createFile(path: string): Promise<void> {
  try {
    const created = await open(path, "wx", 0o600);
    await created.close();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** A link beside the database may have been planted: what it points to keeps its mode. */
async function tighten(file: string): Promise<void> {
  const found = await lstat(file).catch(ignoreMissing);
  if (found?.isFile() === true && (found.mode & 0o077) !== 0) await chmod(file, 0o600).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}
