/** Shows on stderr how a run goes on. */
export interface Progress {
  /** Prints a line of its own, for warnings, without harm to what is shown. What it quotes must have passed `printable`. */
  log(line: string): void;
  /** Ends the display and takes it off the terminal. Synchronous; further calls do nothing. */
  stop(): void;
  /** Takes the display off the terminal, at once and without a last word: for an `exit` handler. */
  restore(): void;
}

/** As much of `process.stderr` as a display needs. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** Width of the terminal, kept up to date by node. */
  readonly columns?: number;
}
