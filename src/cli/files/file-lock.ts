import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { ConfigurationError, errorCode } from "../../model/errors.ts";
import { isAlive, isOurs, type LockHolder, parseHolder, thisProcess } from "./lock-holder.ts";
import { readLock } from "./read-lock.ts";
import { asConfigurationError } from "./system-error.ts";

export interface FileLock {
  /** Removes the lock if this process still owns it. Never throws: the next run takes over a lock that stays behind. */
  releaseNow(): void;
}

/**
 * Locks `path` against other runs by a file `path.lock` that names this process. It is removed when the process exits; after a kill the
 * next run takes it over.
 *
 * @param path The real path, past all links.
 * @param name The path as the user wrote it.
 * @throws ConfigurationError when another run holds the lock, or no lock can be made.
 */
export function lockFile(path: string, name: string): FileLock {
  const lockPath = `${path}.lock`;
  const self = thisProcess();
  try {
    acquire(lockPath, self, name);
  } catch (error) {
    throw asConfigurationError(`cannot lock ${name}`, error);
  }
  const releaseNow = (): void => {
    process.off("exit", releaseNow);
    release(lockPath, self);
  };
  process.on("exit", releaseNow);
  return { releaseNow };
}

function acquire(lockPath: string, self: LockHolder, name: string): void {
  for (;;) {
    if (create(lockPath, self)) return;
    const holder = readHolder(lockPath, name);
    if (holder === undefined) continue; // released just now
    if (isAlive(holder)) throw new ConfigurationError(inUse(lockPath, holder, name));
    if (takeOver(lockPath, holder, self, name)) return;
  }
}

/**
 * Replaces the lock of a dead process. It needs a lock on that very lock: without it a slow process could replace the lock that a quick
 * one has just taken over.
 *
 * @returns false when another process has taken it over meanwhile.
 */
function takeOver(lockPath: string, dead: LockHolder, self: LockHolder, name: string): boolean {
  const claimPath = `${lockPath}.${dead.id}`;
  acquire(claimPath, self, name);
  try {
    if (readHolder(lockPath, name)?.id !== dead.id) return false;
    renameSync(writeAside(lockPath, self), lockPath);
    return true;
  } finally {
    rmSync(claimPath);
  }
}

function release(lockPath: string, self: LockHolder): void {
  try {
    if (readHolder(lockPath, lockPath)?.id === self.id) rmSync(lockPath);
  } catch {
    // The next run sees that this process has ended.
  }
}

/** @returns false when there is a lock already. The lock is written aside and linked, so that it appears with its content or not at all. */
function create(lockPath: string, self: LockHolder): boolean {
  const aside = writeAside(lockPath, self);
  try {
    return makeNew(() => linkSync(aside, lockPath));
  } catch (error) {
    if (!hardLinksUnsupported.has(errorCode(error) ?? "")) throw error;
    return makeNew(() => writeLock(lockPath, self));
  } finally {
    rmSync(aside);
  }
}

/** Answers of FAT and some network drives. */
const hardLinksUnsupported: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** @returns false when there is such a file already. */
function makeNew(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

function writeAside(lockPath: string, self: LockHolder): string {
  const aside = `${lockPath}.${self.id}.new`;
  try {
    writeLock(aside, self);
    return aside;
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

function writeLock(path: string, holder: LockHolder): void {
  writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: "wx", mode: 0o600 });
}

/** @returns undefined when the lock is gone. @throws ConfigurationError for what no run has written: it must not be removed. */
function readHolder(lockPath: string, name: string): LockHolder | undefined {
  const lock = readLock(lockPath);
  if (lock === undefined) return undefined;
  const holder = parseHolder(lock.text);
  if (holder !== undefined) return { ...holder, writtenByUs: lock.isOwn };
  throw new ConfigurationError(
    `cannot lock ${name}: ${lockPath} is there, but does not say who made it; ${removal(lockPath, name)}`,
  );
}

/** A person is told to kill a process only if it is certainly one of this program: another user can plant a lock. */
function inUse(lockPath: string, holder: LockHolder, name: string): string {
  const { pid, host } = holder;
  if (isOurs(holder))
    return `another run is writing ${name} (process ${pid}); wait until it has ended, stop it with "kill ${pid}", or name another file`;
  const machine = host === hostname() ? "" : ` on the machine ${host}`;
  return `another run is writing ${name} (process ${pid}${machine}); ${removal(lockPath, name)}`;
}

function removal(lockPath: string, name: string): string {
  return `if you are sure that no run is writing ${name}, remove ${lockPath}`;
}
