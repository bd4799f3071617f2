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
