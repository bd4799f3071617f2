/** Where a line stands: its file is named if there are several. */
interface LinePlace {
  readonly file?: string | undefined;
  readonly line: number;
}

/** Finds a line by its number in all inputs together. */
export type Locate = (lineNumber: number) => LinePlace;

export const locateInOnlyInput: Locate = (line) => ({ line });

/** For people: `line 3`, of several files `b.jsonl:3`. */
export function describePlace({ file, line }: LinePlace): string {
  return file === undefined ? `line ${line}` : `${file}:${line}`;
}
