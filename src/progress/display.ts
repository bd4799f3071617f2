/** A display of a run's progress on stderr. */
export interface Progress {
  /** Prints a warning on a line of its own, above the display. The caller has passed it through `printable`. */
  log(line: string): void;
  /** Removes the display from the terminal, after a last update where it is a log. Synchronous; further calls do nothing. */
  stop(): void;
  /** Removes the display at once, without a last update: for an `exit` handler. */
  restore(): void;
}

/** The members of `process.stderr` that a display needs. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** Width of the terminal, updated by Node. */
  readonly columns?: number;
}
