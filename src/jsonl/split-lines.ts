import { isAscii, isUtf8 } from "node:buffer";
import { createHash, hash, type Hash } from "node:crypto";
import { PartialLine } from "./partial-line.ts";

/** Maximum length of a line. A longer one is reported and skipped; its bytes are hashed, not kept. */
export const maxLineBytes: number = 64 * 1024 * 1024;

/** A line that can be read. Blank lines yield none, but they count. */
export interface TextLine {
  /** 1-based, as editors count: every line feed ends a line. */
  readonly lineNumber: number;
  /** Without its line end. */
  readonly text: string;
  readonly problem?: undefined;
}

/** A line that cannot be read as text. */
export interface BrokenLine {
  readonly lineNumber: number;
  readonly problem: "too-long" | "invalid-utf8";
  /** Of bytes that are not UTF-8, what can be made out, with U+FFFD in the gaps; empty for a line that is too long. */
  readonly text: string;
  /** Hex SHA-256 of the line's bytes. */
  readonly digest: string;
}

export type Line = TextLine | BrokenLine;

/**
 * Splits UTF-8 bytes into lines at LF or CRLF; nothing else ends a line (not U+2028, not a lone CR). Byte order marks before a
 * line are dropped: files that were joined have them anywhere. The last line needs no line end. Lines of white space only are left out but counted.
 *
 * @param source Chunks of any size. It may reuse a chunk's memory once the next one is requested.
 * @param knownTooLong Numbers of lines that an earlier pass over the same bytes found too long: they are hashed from the start.
 * @param linesBefore Counted on from.
 * @returns the lines that each chunk completes, at least one at a time; at the end, the number of the last line.
 * @throws what `source` throws; never because of a line's content.
 */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  knownTooLong: ReadonlySet<number> = new Set(),
  linesBefore = 0,
): AsyncGenerator<readonly Line[], number> {
  const splitter = new LineSplitter(knownTooLong, linesBefore);
  for await (const chunk of source) {
    const lines = splitter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (lines.length > 0) yield lines;
  }
  const last = splitter.finish();
  if (last !== undefined) yield [last];
  return splitter.linesSeen;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;

class LineSplitter {
  linesSeen: number;
  readonly #partial = new PartialLine(maxLineBytes);
  /** Length of the line whose end has not arrived, bytes that were only hashed included. */
  #partialBytes = 0;
  /** Replaces `#partial` once the line is too long. */
  #digestOfTooLong: Hash | undefined;
  readonly #knownTooLong: ReadonlySet<number>;

  constructor(knownTooLong: ReadonlySet<number>, linesBefore: number) {
    this.#knownTooLong = knownTooLong;
    this.linesSeen = linesBefore;
  }

  /** @returns the lines that `chunk` completes. */
  push(chunk: Buffer): Line[] {
    const lines: (Line | undefined)[] = [];
    const lastLineFeed = chunk.lastIndexOf(lineFeed);
    let start = 0;
    if (lastLineFeed !== -1 && this.#partialBytes > 0) {
      start = chunk.indexOf(lineFeed) + 1;
      this.#append(chunk.subarray(0, start - 1));
      lines.push(this.#endPartial());
    }
    this.#cut(chunk.subarray(start, lastLineFeed + 1), lines);
    this.#append(chunk.subarray(Math.max(start, lastLineFeed + 1)));
    return lines.filter((line) => line !== undefined);
  }

  /** @returns the last line if it has no line end. */
  finish(): Line | undefined {
    return this.#partialBytes > 0 ? this.#endPartial() : undefined;
  }

  #cut(block: Buffer, lines: (Line | undefined)[]): void {
    const encoding = encodingOf(block);
    for (let start = 0; start < block.length;) {
      const end = block.indexOf(lineFeed, start);
      lines.push(this.#line(block, start, end, encoding));
      start = end + 1;
    }
  }

  #append(bytes: Buffer): void {
    this.#partialBytes += bytes.length;
    if (this.#partialBytes <= maxLineBytes && !this.#knownTooLong.has(this.linesSeen + 1)) return this.#partial.add(bytes);
    this.#digestOfTooLong ??= createHash("sha256");
    this.#digestOfTooLong.update(this.#partial.bytes()).update(bytes);
    this.#partial.clear();
  }

  #endPartial(): Line | undefined {
    const digest = this.#digestOfTooLong?.digest("hex");
    this.#digestOfTooLong = undefined;
    this.#partialBytes = 0;
    if (digest === undefined) return this.#partialAsLine();
    this.linesSeen += 1;
    return { lineNumber: this.linesSeen, problem: "too-long", text: "", digest };
  }

  #partialAsLine(): Line | undefined {
    const bytes = this.#partial.bytes();
    const line = this.#line(bytes, 0, bytes.length, encodingOf(bytes));
    this.#partial.clear();
    return line;
  }

  /** Counts the line of `block` from `from` to its line feed at `to`. @returns undefined when it is blank. */
  #line(block: Buffer, from: number, to: number, encoding: Encoding): Line | undefined {
    this.linesSeen += 1;
    const lineNumber = this.linesSeen;
    const start = encoding === "latin1" ? from : skipByteOrderMarks(block, from);
    const end = to > start && block[to - 1] === carriageReturn ? to - 1 : to;
    if (isBlank(block, start, end)) return undefined;
    if (end - start > maxLineBytes) return { lineNumber, problem: "too-long", text: "", digest: digestOf(block, start, end) };
    if (encoding !== "unknown") return { lineNumber, text: block.toString(encoding, start, end) };
    const text = block.toString("utf8", start, end);
    if (isUtf8(block.subarray(start, end))) return { lineNumber, text };
    return { lineNumber, problem: "invalid-utf8", text, digest: digestOf(block, start, end) };
  }
}

/** How every line of a block can be decoded; unknown if some line is not UTF-8. */
type Encoding = "latin1" | "utf8" | "unknown";

function encodingOf(block: Buffer): Encoding {
  if (isAscii(block)) return "latin1"; // decodes faster, to the same text
  return isUtf8(block) ? "utf8" : "unknown";
}

function skipByteOrderMarks(block: Buffer, from: number): number {
  let at = from;
  while (block[at] === 0xef && block[at + 1] === 0xbb && block[at + 2] === 0xbf) at += 3;
  return at;
}

function isBlank(block: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = block[at];
    if (byte !== space && byte !== tab && byte !== carriageReturn) return false;
  }
  return true;
}

function digestOf(block: Buffer, start: number, end: number): string {
  return hash("sha256", block.subarray(start, end), "hex");
}
