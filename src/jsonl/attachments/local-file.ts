/**
 * Finds a file that a line names. The parser itself reads no files: the function that it is given decides what may be read.
 *
 * @param path As the line has it: absolute, or from the folder that files may lie in.
 * @returns a `NoLocalFile` that says why the file may not be sent; never throws.
 */
export type FindLocalFile = (path: string) => LocalFile | NoLocalFile;

/** A file that may be sent; its content is not loaded yet. */
export interface LocalFile {
  readonly bytes: number;
  /** Its first bytes, enough to tell what it is. */
  readonly head: Uint8Array;
  /** @returns the whole content, or why it cannot be read any more. Never throws. */
  read(): Buffer | NoLocalFile;
}

export interface NoLocalFile {
  /** For a person, follows the file's name: `there is no such file`. */
  readonly problem: string;
}
