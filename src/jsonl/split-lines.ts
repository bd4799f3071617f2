import { isAscii, isUtf8 } from "node:buffer";
import { createHash, hash } from "node:crypto";
import type { Hash } from "node:crypto";
import { HeldBytes } from "./partial-line.ts";

/** The longest line that is read, in bytes. A longer one is reported and skipped without being held in memory. */
export const maxLineBytes: number = 64 * 1024 * 1024;

/** A line that can be read. Blank lines are none, but they count. */
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
 * Cuts UTF-8 bytes into lines, which end with LF or CRLF; nothing else ends a line (not U+2028, not a lone CR). A byte order mark
 * before the first line is dropped. The last line needs no line end. Lines of white space only are left out but counted.
 *
 * @param source Chunks of any size. It may fill a chunk again once the next one is asked for.
 * @param knownTooLong Numbers of lines that were found too long when the same bytes were read before: nothing of them is held again.
 * @returns the lines that each chunk completes, at least one at a time.
 * @throws what `source` throws; never for what the lines hold.
 */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  knownTooLong: ReadonlySet<number> = new Set(),
): AsyncGenerator<readonly Line[]> {
  const splitter = new LineSplitter(knownTooLong);
  for await (const chunk of source) {
    const lines = splitter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (lines.length > 0) yield lines;
  }
  const last = splitter.finish();
  if (last !== undefined) yield [last];
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const byteOrderMark: Buffer = Buffer.from("\uFEFF");

class LineSplitter {
  #linesSeen = 0;
  readonly #held = new HeldBytes(maxLineBytes);
  /** Of the line whose end has not come yet, those not held included. */
  #heldBytes = 0;
  /** Takes the place of `#held` once the line is too long: only its digest grows. */
  #digestOfTooLong: Hash | undefined;
  readonly #knownTooLong: ReadonlySet<number>;

  constructor(knownTooLong: ReadonlySet<number>) {
    this.#knownTooLong = knownTooLong;
  }

  /** @returns the lines that `chunk` completes. */
  push(chunk: Buffer): Line[] {
    const lines: (Line | undefined)[] = [];
    const lastLineFeed = chunk.lastIndexOf(lineFeed);
    let start = 0;
    if (lastLineFeed !== -1 && this.#heldBytes > 0) {
      start = chunk.indexOf(lineFeed) + 1;
      this.#hold(chunk.subarray(0, start - 1));
      lines.push(this.#releaseHeld());
    }
    this.#cut(chunk.subarray(start, lastLineFeed + 1), lines);
    this.#hold(chunk.subarray(Math.max(start, lastLineFeed + 1)));
    return lines.filter((line) => line !== undefined);
  }

  /** @returns the last line if it has no line end. */
  finish(): Line | undefined {
    return this.#heldBytes > 0 ? this.#releaseHeld() : undefined;
  }

  #cut(block: Buffer, lines: (Line | undefined)[]): void {
    const encoding = encodingOf(block);
    for (let start = 0; start < block.length;) {
      const end = block.indexOf(lineFeed, start);
      lines.push(this.#line(block, start, end, encoding));
      start = end + 1;
    }
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= maxLineBytes && !this.#knownTooLong.has(this.#linesSeen + 1)) return this.#held.add(bytes);
    this.#digestOfTooLong ??= createHash("sha256");
    this.#digestOfTooLong.update(this.#held.bytes()).update(bytes);
    this.#held.clear();
  }

  #releaseHeld(): Line | undefined {
    const digest = this.#digestOfTooLong?.digest("hex");
    this.#digestOfTooLong = undefined;
    this.#heldBytes = 0;
    if (digest === undefined) return this.#lineOfHeld();
    this.#linesSeen += 1;
    return { lineNumber: this.#linesSeen, problem: "too-long", text: "", digest };
  }

  #lineOfHeld(): Line | undefined {
    const bytes = this.#held.bytes();
    const line = this.#line(bytes, 0, bytes.length, encodingOf(bytes));
    this.#held.clear();
    return line;
  }

  /** Counts the line of `block` from `from` to its line feed at `to`. @returns undefined when it is blank. */
  #line(block: Buffer, from: number, to: number, encoding: Encoding): Line | undefined {
    this.#linesSeen += 1;
    const lineNumber = this.#linesSeen;
    const start = lineNumber === 1 && startsWithByteOrderMark(block) ? from + byteOrderMark.length : from;
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

function startsWithByteOrderMark(block: Buffer): boolean {
  return block.subarray(0, byteOrderMark.length).equals(byteOrderMark);
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
