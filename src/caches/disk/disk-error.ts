import { CacheError, errorCode, messageOf } from "../../model/errors.ts";

/**
 * Says in words for a person why a disk cache failed, and what to do.
 *
 * @param cause What SQLite or the file system threw; its `code` decides. A CacheError is returned as it is.
 */
export function diskError(path: string, cause: unknown): CacheError {
  if (cause instanceof CacheError) return cause;
  const { reason, remedy } = explain(cause);
  return new CacheError(`The cache ${path} cannot be used: ${reason}. ${remedy}`, { cause });
}

/** The disk cache's native module is missing, or built for another platform. */
export function missingModuleError(cause: unknown): CacheError {
  const [reason = ""] = messageOf(cause).split("\n");
  return new CacheError(
    `The disk cache needs the native module sqlite3, which cannot be loaded (${reason.replace(/[.:]? *(Tried:)?$/, "")}). ` +
      `Type "npm rebuild sqlite3", with -g if llmbatch was installed so. Where npm runs no install script that is not approved, type before it ` +
      `"npm approve-scripts sqlite3", or install with "npm install -g --allow-scripts=sqlite3 llmbatch". Or run with --cache memory or --cache none.`,
    { cause },
  );
}

/** Another connection has the lock: a second try can succeed. */
export function isBusy(error: unknown): boolean {
  const code = errorCode(error);
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED";
}

interface Explanation {
  readonly reason: string;
  readonly remedy: string;
}

const elsewhere = "Choose another file with --cache-path.";
const full: Explanation = { reason: "the disk is full", remedy: "Free some space or choose another place with --cache-path." };
const forbidden: Explanation = {
  reason: "permission denied for the file or its folder",
  remedy: "Change the permissions or choose another file with --cache-path.",
};
const readOnly: Explanation = { reason: "the file or its file system is read-only", remedy: elsewhere };
const locked: Explanation = { reason: "another process keeps it locked", remedy: "Wait for it to end, then run again." };
const noFolder: Explanation = { reason: "a part of its path is not a folder", remedy: elsewhere };

const explanations: Readonly<Record<string, Explanation>> = {
  SQLITE_FULL: full,
  ENOSPC: full,
  EDQUOT: full,
  SQLITE_PERM: forbidden,
  SQLITE_CANTOPEN: forbidden,
  EACCES: forbidden,
  EPERM: forbidden,
  SQLITE_READONLY: readOnly,
  EROFS: readOnly,
  SQLITE_BUSY: locked,
  SQLITE_LOCKED: locked,
  EISDIR: { reason: "it is a folder, not a file", remedy: elsewhere },
  ENOTDIR: noFolder,
  EEXIST: noFolder,
  SQLITE_NOTADB: { reason: "it is not an SQLite database, and was left as it is", remedy: elsewhere },
  SQLITE_CORRUPT: {
    reason: "the database is damaged",
    remedy: "Delete the file, and its requests are sent again, or choose another with --cache-path.",
  },
  SQLITE_IOERR: {
    reason: "reading or writing the disk failed (broken disk, used-up quota or a limit on file sizes)",
    remedy: "Check the disk or choose another place with --cache-path.",
  },
};

function explain(cause: unknown): Explanation {
  return explanations[errorCode(cause) ?? ""] ?? { reason: messageOf(cause), remedy: elsewhere };
}
