import type { Readable } from "node:stream";
import { type Line, splitLines } from "../../jsonl/jsonl.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { decodeInput } from "./decode-input.ts";
import { InputError } from "./input-error.ts";
import type { Input } from "./input.ts";
import type { Locate } from "./locate.ts";
import { isStdin, openInput } from "./open-input.ts";

/**
 * Opens all inputs of a run.
 *
 * @throws ConfigurationError when one cannot be opened, or stdin is named twice.
 */
export async function openInputs(paths: readonly string[], stdin: Readable): Promise<Inputs> {
  if (paths.filter(isStdin).length > 1) throw new ConfigurationError("stdin is named twice, and can be read only once");
  const opened: Input[] = [];
  try {
    for (const path of paths) opened.push(await openInput(path, stdin));
  } catch (error) {
    await new Inputs(opened).close();
    throw error;
  }
  return new Inputs(opened);
}

/** The inputs of a run, read one after the other as if they were one: their lines are counted on. */
export class Inputs {
  /** For people. */
  readonly name: string;
  /** Whether all can be read more than once. */
  readonly rereadable: boolean;
  readonly #inputs: readonly Input[];
  /** Of each input that was begun: how many lines stand before it. */
  readonly #linesBefore: number[] = [];

  constructor(inputs: readonly Input[]) {
    this.name = inputs.map(({ name }) => name).join(", ");
    this.rereadable = inputs.every(({ rereadable }) => rereadable);
    this.#inputs = inputs;
  }

  /** The names of regular files, undefined for others. */
  get files(): (string | undefined)[] {
    return this.#inputs.map(({ rereadable, name }) => (rereadable ? name : undefined));
  }

  /** @returns undefined while the content of one may change unnoticed. */
  async version(): Promise<string | undefined> {
    const versions = await Promise.all(this.#inputs.map((input) => input.version()));
    return versions.includes(undefined) ? undefined : versions.join("\n");
  }

  /**
   * Reads the lines of all.
   *
   * @param warn Receives a message for each input without lines, if there are others.
   * @throws InputError when reading breaks off. ConfigurationError when the first is no JSON Lines.
   */
  async *lines(warn: (warning: string) => void, knownTooLong?: ReadonlySet<number>): AsyncGenerator<readonly Line[]> {
    let count = 0;
    for (const [index, input] of this.#inputs.entries()) {
      this.#linesBefore[index] = count;
      try {
        count = yield* splitLines(decodeInput(input, index === 0), knownTooLong, count);
      } catch (error) {
        throw index > 0 && error instanceof ConfigurationError ? new InputError(input.name, error) : error;
      }
      if (this.#inputs.length > 1 && count === this.#linesBefore[index]) warn(`${input.name} is empty`);
    }
  }

  /** Finds the place of a line that was read. */
  readonly locate: Locate = (lineNumber) => {
    if (this.#inputs.length === 1) return { line: lineNumber };
    const index = this.#linesBefore.findLastIndex((before) => before < lineNumber);
    return { file: this.#inputs[index]?.name, line: lineNumber - (this.#linesBefore[index] ?? 0) };
  };

  /** As compilers write it: `b.jsonl:3`. */
  place(lineNumber: number): string {
    const { file = this.name, line } = this.locate(lineNumber);
    return `${file}:${line}`;
  }

  /** Closes all. */
  async close(): Promise<void> {
    for (const input of this.#inputs) await input.close();
  }
}
