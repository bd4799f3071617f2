import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { isJsonObject, member } from "../../json/json-value.ts";
import { Problem, readJson } from "../../jsonl/jsonl.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { asConfigurationError } from "../files/system-error.ts";
import { InputError } from "../input/input-error.ts";
import type { FoundResult, ResultPlace } from "./result-index.ts";

const chunkBytes = 256 * 1024;
const lineFeed = 0x0a;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * A file of results. Read twice: from front to back for what it holds, then line by line wherever the order leads. Reading is synchronous:
 * nothing else is going on.
 */
export class PartFile {
  readonly name: string;
  readonly #descriptor: number;
  readonly #version: string;
  /** What was read last of the lines: those of a part that is in order come out of it, one after the other. */
  readonly #window: Buffer;
  #windowAt = 0;
  #windowLength = 0;

  /** @param windowBytes Of its memory. @throws ConfigurationError when it cannot be opened, or not read twice. */
  constructor(name: string, windowBytes: number) {
    this.name = name;
    this.#window = Buffer.allocUnsafeSlow(windowBytes);
    this.#descriptor = openForReading(name);
    this.#version = versionOf(this.#descriptor);
  }

  /**
   * Finds its results. Blank lines are none.
   *
   * @param part Its number.
   * @throws ConfigurationError naming the first line that is no result.
   */
  *results(part: number): Generator<FoundResult> {
    let lineNumber = 0;
    for (const { bytes, offset } of this.#lines()) {
      lineNumber += 1;
      const found = this.#resultOf(bytes, lineNumber);
      if (found !== undefined) yield { ...found, part, offset, length: bytes.length };
    }
  }

  /** Its bytes are valid until the next is requested. */
  *#lines(): Generator<{ readonly bytes: Buffer; readonly offset: number }> {
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    /** Of a line whose end was not read yet. */
    let begun: Buffer[] = [];
    let offset = 0;
    for (let chunkAt = 0; ; chunkAt += chunkBytes) {
      const read = chunk.subarray(0, this.#read(chunk, chunkAt));
      let from = 0;
      for (let end = read.indexOf(lineFeed); end !== -1; end = read.indexOf(lineFeed, from)) {
        const piece = read.subarray(from, end);
        yield { bytes: begun.length === 0 ? piece : Buffer.concat([...begun, piece]), offset };
        begun = [];
        from = end + 1;
        offset = chunkAt + from;
      }
      if (from < read.length) begun.push(Buffer.from(read.subarray(from)));
      if (read.length < chunkBytes) break;
    }
    if (begun.length > 0) yield { bytes: Buffer.concat(begun), offset };
  }

  /** The text of a line. @throws InputError when it cannot be read any further. */
  line({ offset, length }: ResultPlace): string {
    const bytes = this.#bytes(offset, length);
    const start = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
    return bytes.toString("utf8", start).trim();
  }

  /** @throws InputError when it is not what it was when it was opened. */
  assertUnchanged(): void {
    if (versionOf(this.#descriptor) === this.#version) return;
    throw new InputError(
      this.name,
      new ConfigurationError(`${this.name} has changed while it was being merged; run the same command again`),
    );
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #resultOf(line: Buffer, lineNumber: number): Pick<FoundResult, "customId" | "succeeded"> | undefined {
    const isText = isUtf8(line);
    const text = line.toString("utf8").replace(/^\uFEFF/, "");
    if (isText && text.trim() === "") return undefined;
    const value = isText ? readJson(text) : new Problem("not UTF-8");
    const customId = member(value, "custom_id");
    const isResult = resultMembers.some((name) => member(value, name) !== undefined);
    if (typeof customId === "string" && isResult) return { customId, succeeded: hasSucceeded(value) };
    const why = value instanceof Problem ? value.message : `it has no ${typeof customId === "string" ? outcome : "`custom_id`"}`;
    throw new ConfigurationError(`${this.name}:${lineNumber}: no line of results: ${why}; nothing was written`);
  }

  #bytes(offset: number, length: number): Buffer {
    const windowEnd = this.#windowAt + this.#windowLength;
    if (offset >= this.#windowAt && offset + length <= windowEnd)
      return this.#window.subarray(offset - this.#windowAt, offset - this.#windowAt + length);
    // Elsewhere, or larger: reading ahead would read the file many times over.
    const goesOn = offset >= this.#windowAt && offset <= windowEnd + this.#window.length;
    if (!goesOn || length > this.#window.length) {
      const bytes = Buffer.allocUnsafeSlow(length);
      if (this.#read(bytes, offset) < length) this.assertUnchanged();
      if (length <= this.#window.length) [this.#windowAt, this.#windowLength] = [offset + length, 0];
      return bytes;
    }
    this.#windowAt = offset;
    this.#windowLength = this.#read(this.#window, offset);
    return this.#window.subarray(0, length);
  }

  /** Fills the buffer as far as the file goes. */
  #read(buffer: Buffer, at: number): number {
    try {
      let length = 0;
      while (length < buffer.length) {
        const bytes = readSync(this.#descriptor, buffer, length, buffer.length - length, at + length);
        if (bytes === 0) break;
        length += bytes;
      }
      return length;
    } catch (error) {
      throw new InputError(this.name, error);
    }
  }
}

/** @throws ConfigurationError when it cannot be, or is not a regular file. */
function openForReading(name: string): number {
  try {
    const status = statSync(name);
    if (status.isFile()) return openSync(name, "r");
    const kind = status.isDirectory() ? "it is a directory" : "files of results are read twice, and it cannot be";
    throw new ConfigurationError(`cannot merge ${name}: ${kind}`);
  } catch (error) {
    throw asConfigurationError(`cannot merge ${name}`, error);
  }
}

function versionOf(descriptor: number): string {
  const { size, mtimeMs } = fstatSync(descriptor);
  return `${size} ${mtimeMs}`;
}

/** One of them is in each line of results; requests, which may be merged by mistake, have none. */
const resultMembers = ["response", "error", "result"];
const outcome = "`response`, `error` or `result`; requests are named by --order";

/** By its status, as batch files of all kinds tell it: some have a failed line without an `error`. Anthropic's have a `result`. */
function hasSucceeded(value: unknown): boolean {
  const result = member(value, "result");
  if (isJsonObject(result)) return result["type"] === "succeeded";
  const response = member(value, "response");
  const status = member(response, "status_code");
  const error = member(value, "error");
  const isGood = status === undefined || (typeof status === "number" && status >= 200 && status < 300);
  return isJsonObject(response) && isGood && (error === undefined || error === null);
}
