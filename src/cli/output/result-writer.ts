import { formatResultInParts } from "../../jsonl/jsonl.ts";
import type { BatchResult } from "../../model/result.ts";
import { openOutput } from "./open-output.ts";
import type { Output } from "./output.ts";

/** Opens the places of results. @throws UsageError when one cannot be written; nothing on disk has changed then. */
export async function openResultWriter({
  output,
  errors,
}: {
  output?: string | undefined;
  errors?: string | undefined;
}): Promise<ResultWriter> {
  const forAll = await openOutput(output);
  if (errors === undefined) return new ResultWriter(forAll, undefined);
  try {
    return new ResultWriter(forAll, await openOutput(errors));
  } catch (error) {
    await forAll.abandon();
    throw error;
  }
}

/** Writes each result where the user wants it: failed ones apart if there is a place for them. */
export class ResultWriter {
  readonly #output: Output;
  readonly #errors: Output | undefined;

  constructor(output: Output, errors: Output | undefined) {
    this.#output = output;
    this.#errors = errors;
  }

  /** The file of results, if they go to a regular file. */
  get outputPath(): string | undefined {
    return this.#output.isFile ? this.#output.path : undefined;
  }

  get errorsPath(): string | undefined {
    return this.#errors?.isFile === true ? this.#errors.path : undefined;
  }

  /** The reader of stdout has gone (`| head`): nobody wants more. */
  get readerGone(): boolean {
    return this.#output.readerGone || this.#errors?.readerGone === true;
  }

  /** @returns a promise to wait for when the writing cannot keep up. @throws OutputError when it cannot be written. */
  write(result: BatchResult): Promise<void> | undefined {
    const output = result.status === "failed" && this.#errors !== undefined ? this.#errors : this.#output;
    return output.write(...formatResultInParts(result));
  }

  /** All results are there: puts the files in their places. */
  async finish(): Promise<void> {
    // Neither file takes its place unless both are whole.
    await this.#output.flush();
    await this.#errors?.flush();
    await this.#output.finish();
    await this.#errors?.finish();
  }

  /** The run did not reach its end: keeps what was written beside the older files. */
  async abandon(): Promise<void> {
    try {
      await this.#output.abandon();
    } finally {
      await this.#errors?.abandon();
    }
  }
}
