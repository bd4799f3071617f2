import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const chunkBytes = 256 * 1024;
/** Each text stands behind its length. */
const lengthBytes = 4;

/**
 * A temporary file for texts that must wait without taking memory. It has no name on disk while in use, so that no ending of the
 * process, however sudden, leaves prompts or answers behind.
 *
 * Writes and reads are synchronous: they move 256 KiB at a time through the page cache, which costs less than the promises would.
 */
export class Spool {
  readonly #file: number;
  #written = 0;
  /** What was appended last and is not in the file yet. */
  readonly #pending: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  #pendingBytes = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowOffset = 0;

  /**
   * @param directory Where the file is made. Default: the system's folder for temporary files.
   * @throws the error of the file system (`ENOSPC`, `EACCES` …).
   */
  constructor(directory: string = tmpdir()) {
    const folder = mkdtempSync(join(directory, ".llmbatch-spool-"));
    this.#file = openSync(join(folder, "results"), "wx+", 0o600);
    rmSync(folder, { recursive: true, force: true });
  }

  /** @returns where the text lies, for `read`. */
  append(text: string): number {
    const length = Buffer.byteLength(text);
    const needed = lengthBytes + length;
    if (this.#pendingBytes + needed > chunkBytes) this.#flush();
    const offset = this.#written + this.#pendingBytes;
    const target = needed > chunkBytes ? Buffer.allocUnsafeSlow(needed) : this.#pending;
    target.writeUInt32LE(length, this.#pendingBytes);
    target.write(text, this.#pendingBytes + lengthBytes);
    if (target === this.#pending) this.#pendingBytes += needed;
    else this.#write(target);
    return offset;
  }

  /** @param offset What `append` returned. */
  read(offset: number): string {
    const length = this.#bytesAt(offset, lengthBytes).readUInt32LE();
    return this.#bytesAt(offset + lengthBytes, length).toString();
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    this.#write(this.#pending.subarray(0, this.#pendingBytes));
    this.#pendingBytes = 0;
  }

  #write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#written + done);
    this.#written += bytes.length;
  }

  #bytesAt(offset: number, length: number): Buffer {
    if (offset + length > this.#written) this.#flush();
    const isInWindow = offset >= this.#windowOffset && offset + length <= this.#windowOffset + this.#window.length;
    if (!isInWindow) this.#moveWindow(offset, length);
    const start = offset - this.#windowOffset;
    return this.#window.subarray(start, start + length);
  }

  /** Results leave roughly in the order in which they came, so reading ahead serves many of them at once. */
  #moveWindow(offset: number, length: number): void {
    const wanted = Math.min(Math.max(length, chunkBytes), this.#written - offset);
    const bytes = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(this.#file, bytes, filled, wanted - filled, offset + filled);
      if (count === 0) throw new Error(`the spool file ends at byte ${offset + filled}, before a result that was written to it`);
      filled += count;
    }
    this.#window = bytes;
    this.#windowOffset = offset;
  }
}
