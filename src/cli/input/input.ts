/** The bytes of the input, in chunks that are valid until the next one is requested. */
export interface Input extends AsyncIterable<Uint8Array> {
  /** As the user wrote it, or `stdin`. */
  readonly name: string;
  /** Whether each iteration begins at the first byte: true for a regular file. A pipe, a device or stdin can be read only once. */
  readonly rereadable: boolean;
  /** Identifies the content of a file, and changes with it. Undefined for other inputs, and for 2.5 s after a change. */
  version(): Promise<string | undefined>;
  /** @throws InputError when reading breaks off, or a file changes meanwhile. ConfigurationError when it has changed since it was read before. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** Closes the file or stream. An iteration under way then throws an `InputError`: the input must not seem to be complete. */
  close(): Promise<void>;
}
