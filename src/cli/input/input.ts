import { constants, fstatSync, openSync } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { UsageError } from "../../model/errors.ts";
import { fileProblem } from "../files/system-error.ts";

/** The bytes of the input, in chunks that are good until the next one is asked for. */
export interface Input extends AsyncIterable<Uint8Array> {
  /** As the user wrote it, or `stdin`. */
  readonly name: string;
  /** Whether each iteration begins anew at the first byte. A regular file can be read again; a pipe, a device or stdin only once. */
  readonly rereadable: boolean;
  /** Names the content of a file that lay still for a while: whatever changes it changes this too. Undefined of anything else. */
  version(): Promise<string | undefined>;
  /** @throws InputError when reading breaks off. UsageError when a file has changed since it was read before. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** Lets go of the file or stream. An iteration under way then ends with an `InputError`, not as if the input were over. */
  close(): Promise<void>;
}

/** Reading broke off after it had begun. Not thrown for an input that cannot be opened, which is a `UsageError`. */
export class InputError extends Error {
  override readonly name = "InputError";
}

export type InputChoice =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "none" };

/** Decides where the input comes from. `none`: there is no argument and nobody has piped anything in. */
export function chooseInput(argument: string | undefined, stdinIsTerminal: boolean): InputChoice {
  if (argument === undefined) return stdinIsTerminal ? { kind: "none" } : { kind: "stdin" };
  return namesOfStdin.has(argument) ? { kind: "stdin" } : { kind: "file", path: argument };
}

/**
 * Opens a file, a named pipe or stdin. Does not wait for a writer to open the pipe.
 *
 * @param path `-` for stdin.
 * @throws UsageError when there is no such file, it is a directory, or it may not be read.
 */
export async function openInput(path: string, stdin: Readable): Promise<Input> {
  if (namesOfStdin.has(path)) return openStdin(stdin);
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw new UsageError(`cannot read ${path}: it is a directory`);
    if (status.isFIFO()) return new StreamInput(path, openPipe(path));
    return new FileInput(path, await open(path), status.isFile());
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path || "a file without a name"}: ${fileProblem(error)}`, { cause: error });
  }
}

const namesOfStdin: ReadonlySet<string> = new Set(["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]);

function openStdin(stdin: Readable): Input {
  // Node gives a directory at stdin the looks of an empty input.
  const isDirectory = "fd" in stdin && typeof stdin.fd === "number" && fstatSync(stdin.fd).isDirectory();
  if (isDirectory) throw new UsageError("cannot read stdin: it is a directory");
  return new StreamInput("stdin", stdin);
}

/** Not by blocking reads, which would keep the process from exiting for as long as nobody writes into the pipe. */
function openPipe(path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

/** Larger ones read hardly faster from the page cache (64 KiB 1.1 GB/s, 256 KiB about three times that). */
const chunkBytes = 256 * 1024;

/** FAT counts in steps of two seconds. */
const coarsestClockMs = 2500;

class FileInput implements Input {
  readonly name: string;
  readonly rereadable: boolean;
  readonly #handle: FileHandle;
  #version: string | undefined;

  constructor(name: string, handle: FileHandle, rereadable: boolean) {
    this.name = name;
    this.rereadable = rereadable;
    this.#handle = handle;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    await this.#assertUnchanged();
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    for (let at = 0; ;) {
      const length = await this.#read(chunk, at);
      if (length === 0) return;
      at += length;
      yield chunk.subarray(0, length);
    }
  }

  /** By inode and times, as make and git tell. A time that is nearly now could be that of two contents: clocks of file systems are coarse. */
  async version(): Promise<string | undefined> {
    if (!this.rereadable) return undefined;
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await this.#handle.stat({ bigint: true });
    const hasLainStill = Date.now() - Number(ctimeMs) > coarsestClockMs;
    return hasLainStill ? [dev, ino, size, mtimeNs, ctimeNs].join(" ") : undefined;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** What was checked must be what is sent. */
  async #assertUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat();
    const version = `${size} ${mtimeMs}`;
    if (this.rereadable && this.#version !== undefined && this.#version !== version)
      throw new UsageError(`${this.name} has changed while it was being checked; run the same command again`);
    this.#version = version;
  }

  async #read(chunk: Buffer, at: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, this.rereadable ? at : null);
      return bytesRead;
    } catch (error) {
      throw brokenOff(this.name, error);
    }
  }
}

class StreamInput implements Input {
  readonly name: string;
  readonly rereadable = false;
  readonly #stream: Readable;
  #begun = false;

  constructor(name: string, stream: Readable) {
    this.name = name;
    this.#stream = stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#begun) throw new Error(`${this.name} can be read only once`);
    this.#begun = true;
    try {
      for await (const chunk of this.#stream) yield chunk;
    } catch (error) {
      throw brokenOff(this.name, error);
    }
  }

  async version(): Promise<undefined> {}

  async close(): Promise<void> {
    this.#stream.destroy();
  }
}

function brokenOff(name: string, error: unknown): InputError {
  return new InputError(`cannot read ${name} any further: ${fileProblem(error)}`, { cause: error });
}
