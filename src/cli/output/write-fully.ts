import { write } from "node:fs";
import type { Writable } from "node:stream";
import { promisify } from "node:util";

const writeOnce = promisify(write);

/** Writes all bytes where the descriptor stands. The system may take them in several pieces. */
export async function writeToDescriptor(descriptor: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await writeOnce(descriptor, bytes, at, bytes.length - at, null);
    if (bytesWritten === 0) throw new Error("the system takes no more bytes");
    at += bytesWritten;
  }
}

/**
 * Writes all bytes and resolves once the stream has passed them on; `bytes` may be overwritten from then on. The stream needs an
 * `error` listener of its own.
 */
export function writeToStream(stream: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // A copy, because some streams hand on the very buffer they were given.
    stream.write(Buffer.from(bytes), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
