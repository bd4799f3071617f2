import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "../../model/errors.ts";

/** A lock takes some 120 bytes. */
const maxLockBytes = 4096;

/** A planted link is not followed, and neither a FIFO without a writer nor a terminal makes the program wait or becomes its own. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What stands where a lock belongs. */
interface LockText {
  /** Empty for what is no regular file: a link, a FIFO, a device, a folder. */
  readonly text: string;
  /** Whether the file belongs to the user of this process. */
  readonly isOwn: boolean;
}

/** @returns undefined when nothing is there. @throws the file system's error when it cannot be read. */
export function readLock(path: string): LockText | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP" || code === "ENXIO") return { text: "", isOwn: false }; // a link; a socket, or a device that is not there
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return { text: "", isOwn: false };
    const bytes = Buffer.alloc(maxLockBytes);
    const length = readSync(descriptor, bytes, 0, maxLockBytes, 0);
    return { text: bytes.toString("utf8", 0, length), isOwn: status.uid === process.getuid?.() };
  } finally {
    closeSync(descriptor);
  }
}
