/**
 * Finds a file that a line names. This room reads no files: whoever may gives the parser one of these, which decides what may be read.
 *
 * @param path As the line has it: absolute, or from the folder that files may lie in.
 * @returns where there is nothing that may be sent, why; that is never thrown.
 */
export type FindLocalFile = (path: string) => LocalFile | NoLocalFile;

/** A file that may be sent. Finding it has not loaded it. */
export interface LocalFile {
  readonly bytes: number;
  /** Its first bytes, enough to tell what it is. */
  readonly head: Uint8Array;
  /** All of it. Not thrown but returned: that it cannot be read, or is another by now. */
  read(): Buffer | NoLocalFile;
}

export interface NoLocalFile {
  /** For a person, to stand behind the file's name: `there is no such file`. */
  readonly problem: string;
}
