import { Buffer } from "node:buffer";

/** One server-sent event. */
export interface ServerSentEvent {
  /** Of its `event:` line; empty where it has none. */
  readonly name: string;
  /** Of its `data:` lines, joined by line feeds. */
  readonly data: string;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Takes server-sent events out of bytes (HTML Living Standard, 9.2.6), however these are cut. Lines end with LF, CRLF or CR; comments
 * and fields other than `event` and `data` are passed over. Lines are decoded whole, so no cut falls into a character.
 */
export class EventStreamParser {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #line = new HeldLine();
  #lastWasReturn = false;
  #isFirstLine = true;
  #name = "";
  #data: string | undefined;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
  }

  push(bytes: Buffer): void {
    let start = this.#lastWasReturn && bytes[0] === lineFeed ? 1 : 0;
    if (bytes.length > 0) this.#lastWasReturn = false;
    let feedAt = bytes.indexOf(lineFeed, start);
    let returnAt = bytes.indexOf(carriageReturn, start);
    while (feedAt !== -1 || returnAt !== -1) {
      const end = returnAt === -1 || (feedAt !== -1 && feedAt < returnAt) ? feedAt : returnAt;
      this.#endLine(bytes.subarray(start, end));
      start = end + 1;
      if (end === returnAt && start === bytes.length) this.#lastWasReturn = true;
      if (end === returnAt && bytes[start] === lineFeed) start += 1;
      if (feedAt !== -1 && feedAt < start) feedAt = bytes.indexOf(lineFeed, start);
      if (returnAt !== -1 && returnAt < start) returnAt = bytes.indexOf(carriageReturn, start);
    }
    this.#line.add(bytes.subarray(start));
  }

  /** Nothing follows. An event that wants only its empty line counts: servers forget the last one. */
  end(): void {
    this.#endLine(Buffer.alloc(0));
    this.#dispatch();
  }

  #endLine(rest: Buffer): void {
    const text = this.#line.take(rest);
    this.#takeLine(this.#isFirstLine && text.startsWith("\uFEFF") ? text.slice(1) : text);
    this.#isFirstLine = false;
  }

  #takeLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field === "data") this.#data = this.#data === undefined ? valueOf(line, colon) : `${this.#data}\n${valueOf(line, colon)}`;
    else if (field === "event") this.#name = valueOf(line, colon);
  }

  #dispatch(): void {
    const event = { name: this.#name, data: this.#data };
    this.#name = "";
    this.#data = undefined;
    if (event.data !== undefined) this.#onEvent({ name: event.name, data: event.data });
  }
}

/** One space after the colon belongs to it. */
function valueOf(line: string, colon: number): string {
  if (colon === -1) return "";
  return line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
}

const smallestHeldBytes = 1024;
/** What is kept for the next line. */
const largestKeptBytes = 64 * 1024;

/**
 * The beginning of a line whose end has not come yet. It is copied together, in a buffer that doubles: a server that sends single
 * bytes can take neither a hundred times their memory nor the square of their time.
 */
class HeldLine {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2, smallestHeldBytes));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  /** @returns what is held and `rest`, as text. Nothing is held then. */
  take(rest: Buffer): string {
    if (this.#length === 0) return rest.toString();
    this.add(rest);
    const text = this.#buffer.toString("utf8", 0, this.#length);
    this.#length = 0;
    if (this.#buffer.length > largestKeptBytes) this.#buffer = Buffer.alloc(0);
    return text;
  }
}
