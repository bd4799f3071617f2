import { type FileHandle, open, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCode } from "../../model/errors.ts";
import { type FileLock, lockFile } from "../files/file-lock.ts";
import { asConfigurationError, asOutputError } from "../files/system-error.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { writeToDescriptor } from "./write-fully.ts";
import type { Output } from "./output.ts";
import { moveIntoPlace } from "./write-atomically.ts";

/** A regular file: written as `FILE.partial`, which is renamed to `FILE` when all is written. */
export class FileOutput implements Output {
  readonly path: string;
  readonly isFile = true;
  readonly readerGone = false;
  readonly #realPath: string;
  readonly #handle: FileHandle;
  readonly #lock: FileLock;
  readonly #buffer: OutputBuffer;
  #ending: Promise<void> | undefined;

  /**
   * @param path As the user wrote it.
   * @param realPath The path behind all symbolic links.
   * @throws ConfigurationError when another run is writing the file, or it cannot be created.
   */
  static async open(path: string, realPath: string): Promise<FileOutput> {
    const lock = lockFile(realPath, path);
    try {
      return new FileOutput(path, realPath, await recreate(partialOf(realPath)), lock);
    } catch (error) {
      lock.releaseNow();
      throw asConfigurationError(`cannot write ${partialOf(shownPath(path, realPath))}`, error);
    }
  }

  private constructor(path: string, realPath: string, handle: FileHandle, lock: FileLock) {
    this.path = path;
    this.#realPath = realPath;
    this.#handle = handle;
    this.#lock = lock;
    this.#buffer = new OutputBuffer((bytes) => this.#send(bytes));
  }

  write(...texts: readonly string[]): Promise<void> | undefined {
    return this.#buffer.write(texts);
  }

  flush(): Promise<void> {
    return this.#buffer.flush();
  }

  async sync(): Promise<void> {
    if (this.#ending === undefined) await this.#buffer.flush();
    if (this.#ending !== undefined) return this.#ending;
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw asOutputError(`cannot write ${this.#shownPartial}`, error);
    }
  }

  finish(): Promise<void> {
    return this.#end(async () => {
      await this.#buffer.flush();
      await this.#moveIntoPlace();
    });
  }

  abandon(): Promise<void> {
    return this.#end(() => this.#buffer.flushUnlessReported());
  }

  discard(): Promise<void> {
    return this.#end(() => unlink(partialOf(this.#realPath)).catch(() => undefined));
  }

  #end(lastSteps: () => Promise<void>): Promise<void> {
    const ending = this.#buffer.end(lastSteps, this.#close);
    this.#ending ??= ending;
    return ending;
  }

  readonly #close = async (): Promise<void> => {
    await this.#handle.close().catch(() => undefined);
    this.#lock.releaseNow();
  };

  async #send(bytes: Buffer): Promise<void> {
    try {
      await writeToDescriptor(this.#handle.fd, bytes);
    } catch (error) {
      throw asOutputError(`cannot write ${this.#shownPartial}`, error);
    }
  }

  async #moveIntoPlace(): Promise<void> {
    try {
      await moveIntoPlace(this.#handle, partialOf(this.#realPath), this.#realPath);
    } catch (error) {
      throw asOutputError(`cannot put ${this.#shownPartial} in the place of ${this.path}`, error);
    }
  }

  get #shownPartial(): string {
    return partialOf(shownPath(this.path, this.#realPath));
  }
}

/** The user's spelling, unless a symbolic link leads elsewhere. */
function shownPath(path: string, realPath: string): string {
  return resolve(path) === realPath ? path : realPath;
}

function partialOf(path: string): string {
  return `${path}.partial`;
}

/**
 * Readable by its owner alone until it gets its final mode. Removed and created anew, because opening an existing file would keep its mode
 * and follow a planted link.
 */
async function recreate(path: string): Promise<FileHandle> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return open(path, "wx", 0o600);
}
