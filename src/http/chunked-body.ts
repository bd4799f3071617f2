import type { Buffer } from "node:buffer";
import { HttpError } from "./http-error.ts";

/** Of a chunk's size with its extensions, and of all trailer fields together. */
const mostLineBytes = 4096;
const mostTrailerBytes = 16 * 1024;

const lineFeed = 0x0a;

/** Where in a body of chunks the next byte stands. */
type Place = "size" | "data" | "end of data" | "trailer" | "over";

/** Takes the chunks of a body apart, in whatever pieces it comes: RFC 9112, section 7.1. Extensions and trailers are not looked at. */
export class ChunkedBody {
  readonly #onData: (bytes: Buffer) => void;
  #place: Place = "size";
  #line = "";
  #missingBytes = 0;
  #trailerBytes = 0;

  /** @param onData Hears of the bytes within chunks; they are its own only until it returns. */
  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData;
  }

  get isOver(): boolean {
    return this.#place === "over";
  }

  /** @returns where in `bytes` the body ends; their length while it goes on. @throws HttpError `ERR_BODY_BROKEN`. */
  push(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.#place !== "over")
      at = this.#place === "data" ? this.#takeData(bytes, at) : this.#takeLine(bytes, at);
    return at;
  }

  #takeData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missingBytes);
    this.#missingBytes -= end - at;
    if (this.#missingBytes === 0) this.#place = "end of data";
    this.#onData(bytes.subarray(at, end));
    return end;
  }

  #takeLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineFeed, at);
    this.#line += bytes.toString("latin1", at, end === -1 ? bytes.length : end);
    if (this.#line.length > mostLineBytes) throw new HttpError("ERR_BODY_BROKEN");
    if (end === -1) return bytes.length;
    if (!this.#line.endsWith("\r")) throw new HttpError("ERR_BODY_BROKEN");
    this.#endLine(this.#line.slice(0, -1));
    this.#line = "";
    return end + 1;
  }

  #endLine(line: string): void {
    if (this.#place === "size") {
      this.#missingBytes = sizeOf(line);
      this.#place = this.#missingBytes === 0 ? "trailer" : "data";
    } else if (this.#place === "end of data") {
      if (line !== "") throw new HttpError("ERR_BODY_BROKEN");
      this.#place = "size";
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > mostTrailerBytes) throw new HttpError("ERR_BODY_BROKEN");
      if (line === "") this.#place = "over";
    }
  }
}

function sizeOf(line: string): number {
  const digits = /^([\dA-Fa-f]{1,12})[ \t]*(?:;|$)/.exec(line)?.[1];
  if (digits === undefined) throw new HttpError("ERR_BODY_BROKEN");
  return Number.parseInt(digits, 16);
}
