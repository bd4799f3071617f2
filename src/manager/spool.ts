import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where a record lies in the spool, in bytes. */
export interface SpoolRecord {
  readonly offset: number;
  readonly length: number;
}

const chunkBytes = 256 * 1024;

/**
 * A temporary file for texts that must wait without taking memory. It has no name on disk while in use, so that no ending of the
 * process, however sudden, leaves prompts or answers behind.
 *
 * Writes and reads are synchronous: they move 256 KiB at a time through the page cache, which costs less than the promises would.
 */
export class Spool {
  readonly #file: number;
  #written = 0;
  #pending: Buffer[] = [];
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

  append(text: string): SpoolRecord {
    const bytes = Buffer.from(text);
    const record = { offset: this.#written + this.#pendingBytes, length: bytes.length };
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= chunkBytes) this.#flush();
    return record;
  }

  read(record: SpoolRecord): string {
    if (record.offset + record.length > this.#written) this.#flush();
    if (!this.#isInWindow(record)) this.#moveWindow(record);
    const start = record.offset - this.#windowOffset;
    return this.#window.toString("utf8", start, start + record.length);
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#written + done);
    this.#written += bytes.length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #isInWindow({ offset, length }: SpoolRecord): boolean {
    return offset >= this.#windowOffset && offset + length <= this.#windowOffset + this.#window.length;
  }

  /** Results leave roughly in the order in which they came, so reading ahead serves many of them at once. */
  #moveWindow({ offset, length }: SpoolRecord): void {
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
