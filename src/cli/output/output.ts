/** Where results go. Calls must not overlap. */
export interface Output {
  /** As the user wrote it; undefined for stdout. */
  readonly path?: string;
  /** True for a regular file, which appears only when it is complete; false for pipes, devices, stdout. */
  readonly isFile: boolean;
  /** The reader of the pipe has closed it (`| head`). Later writes are dropped, without an error. */
  readonly readerGone: boolean;

  /**
   * Queues texts, to be written as soon as no earlier write is under way. A failed write makes the next call reject.
   *
   * @returns undefined while there is room; otherwise a promise to await before writing more.
   * @throws OutputError (as a rejection) when it cannot be written. Not thrown when the reader of a pipe has gone.
   */
  write(...texts: readonly string[]): Promise<void> | undefined;

  /** Resolves once the operating system has all texts. @throws OutputError if it could not be written. */
  flush(): Promise<void>;

  /** `flush`, and what is in a file is safe from a power failure, too; with the end, if that has begun. @throws OutputError if it could not be written. */
  sync(): Promise<void>;

  /**
   * Flushes, and renames `FILE.partial` to `FILE`. `write` must not be called afterwards.
   *
   * @throws OutputError; then `FILE.partial` has what was written, and an older `FILE` is unchanged.
   */
  finish(): Promise<void>;

  /**
   * Ends an incomplete run: flushes, and leaves `FILE.partial` and an older `FILE` as they are. Does nothing after `finish`.
   *
   * @throws OutputError only for a failure that no other call has reported.
   */
  abandon(): Promise<void>;

  /** Ends a run that has not begun: removes `FILE.partial`. Does nothing after `finish` and `abandon`. */
  discard(): Promise<void>;
}
