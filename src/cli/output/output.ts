/** Where results go. One writer at a time: calls are made one after the other. */
export interface Output {
  /** As the user wrote it; undefined for stdout. */
  readonly path?: string;
  /** A regular file, which appears only when it is complete; false for pipes, devices, stdout. */
  readonly isFile: boolean;
  /** The reader of the pipe has closed it (`| head`). What is written from then on is dropped, and nothing fails for it. */
  readonly readerGone: boolean;

  /**
   * Hands over texts, which are written as soon as no earlier write is under way. A failed write makes the next call reject.
   *
   * @returns undefined while there is room to go on; otherwise a promise to wait for before writing more.
   * @throws OutputError (as a rejection) when it cannot be written. Not when the reader of a pipe has gone.
   */
  write(...texts: readonly string[]): Promise<void> | undefined;

  /** Resolves once all that was written is with the operating system. @throws OutputError if it could not be written. */
  flush(): Promise<void>;

  /**
   * All is written: puts a file in its place, or hands the last byte to the pipe. Nothing may be written afterwards.
   *
   * @throws OutputError; the older file is then as it was, and what was written is in `FILE.partial`.
   */
  finish(): Promise<void>;

  /**
   * The run did not reach its end: writes what was handed over, and leaves `FILE.partial` and an older file as they are. Does
   * nothing after `finish`. @throws OutputError only for a failure that no other call has reported.
   */
  abandon(): Promise<void>;
}

export interface OutputOptions {
  /** Ends the wait for a reader of a named pipe; `openOutput` then rejects with its reason. */
  readonly signal?: AbortSignal;
}
