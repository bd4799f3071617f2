import { write } from "node:fs";
import type { Writable } from "node:stream";
import { promisify } from "node:util";

const writeOnce = promisify(write);

/** Writes all bytes at the descriptor's position: one `write` may take only some of them. */
export async function writeToDescriptor(descriptor: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await writeOnce(descriptor, bytes, at, bytes.length - at, null);
    if (bytesWritten === 0) throw new Error("the system takes no more bytes");
    at += bytesWritten;
  }
}

/** Resolves once the stream has passed all bytes on; the caller may then overwrite them. The stream needs an `error` listener. */
export function writeToStream(stream: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // A copy, because some streams pass on the same buffer.
    stream.write(Buffer.from(bytes), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
