import type { Options } from "../../config/options.ts";
import { formatResultInParts } from "../../jsonl/jsonl.ts";
import { describePlace, type Locate } from "../input/locate.ts";
import type { LineResult } from "../../model/result.ts";
import { openOutput } from "./open-output.ts";
import type { Output } from "./output.ts";

type WriterOptions = Pick<Options, "output" | "errors" | "unordered" | "annotate">;

/** Opens the outputs. @param locate Finds the lines of failed results. @throws ConfigurationError when one cannot be written; then nothing on the disk has changed. */
export async function openResultWriter(options: WriterOptions, locate: Locate): Promise<ResultWriter> {
  const { output, errors } = options;
  const forAll = await openOutput(output);
  if (errors === undefined) return new ResultWriter(locate, forAll, undefined, options);
  try {
    return new ResultWriter(locate, forAll, await openOutput(errors), options);
  } catch (error) {
    await forAll.discard();
    throw error;
  }
}

/** Writes each result to its output: failed ones to `--errors`, if given. */
export class ResultWriter {
  readonly #locate: Locate;
  readonly #output: Output;
  readonly #errors: Output | undefined;
  readonly #options: WriterOptions;
  /** A request was cancelled: of a run in order, nothing behind it can leave. */
  #hasGap = false;
  #isFinished = false;

  constructor(locate: Locate, output: Output, errors: Output | undefined, options: WriterOptions) {
    this.#locate = locate;
    this.#output = output;
    this.#errors = errors;
    this.#options = options;
  }

  /** The file of results, if it is a regular file. */
  get outputPath(): string | undefined {
    return this.#output.isFile ? this.#output.path : undefined;
  }

  get errorsPath(): string | undefined {
    return this.#errors?.isFile === true ? this.#errors.path : undefined;
  }

  /** The files have their final names. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The reader of an output has closed it (`| head`). */
  get readerGone(): boolean {
    return this.#output.readerGone || this.#errors?.readerGone === true;
  }

  /** @returns a promise to await before writing more. @throws OutputError when it cannot be written. */
  write(result: LineResult): Promise<void> | undefined {
    if (this.#isLeft(result)) return undefined;
    const output = result.status === "failed" && this.#errors !== undefined ? this.#errors : this.#output;
    return output.write(...formatResultInParts(result.attempts === 0 ? this.#withPlace(result) : result, this.#options));
  }

  /** A request that was cancelled is left for the next run. */
  #isLeft(result: LineResult): boolean {
    const wasCancelled = result.status === "failed" && result.failure.kind === "cancelled";
    this.#hasGap ||= wasCancelled && !this.#options.unordered;
    return wasCancelled || this.#hasGap;
  }

  /** What was written so far is safe from a power failure, where it goes to files. */
  async sync(): Promise<void> {
    await this.#output.sync();
    await this.#errors?.sync();
  }

  /** Renames the files to their final names. */
  async finish(): Promise<void> {
    // Neither file is renamed unless both are whole.
    await this.#output.flush();
    await this.#errors?.flush();
    await this.#output.finish();
    await this.#errors?.finish();
    this.#isFinished = true;
  }

  /** Ends an incomplete run: keeps what was written beside the older files. */
  async abandon(): Promise<void> {
    try {
      await this.#output.abandon();
    } finally {
      await this.#errors?.abandon();
    }
  }

  /** Ends a run that has not begun: nothing is left of its files. */
  async discard(): Promise<void> {
    await this.#output.discard();
    await this.#errors?.discard();
  }

  /** What was never asked fails because of its line, which its `custom_id` does not always tell: another line may have the same. */
  #withPlace(result: LineResult): LineResult {
    if (result.status === "succeeded") return result;
    const { failure, lineNumber } = result;
    return { ...result, failure: { ...failure, message: `${describePlace(this.#locate(lineNumber))}: ${failure.message}` } };
  }
}
