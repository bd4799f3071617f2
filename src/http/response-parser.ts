import type { Buffer } from "node:buffer";
import { ChunkedBody } from "./chunked-body.ts";
import { HttpError } from "./http-error.ts";
import { parseHead, type ResponseHead } from "./response-head.ts";

/** Hears of a response as it comes. */
export interface ResponseListener {
  onHead(head: ResponseHead): void;
  /**
   * @param bytes Its own only until it returns: the next ones come in the same place.
   * @param isLast Whether the body ends with them; where it does not say how long it is, that is not known.
   */
  onData(bytes: Buffer, isLast: boolean): void;
}

const mostHeadBytes = 16 * 1024;
const headEnd = "\r\n\r\n";
const beginning = "HTTP/1.";

/** Reads one response after the other from one connection, in whatever pieces they come. Interim responses are passed over. */
export class ResponseParser {
  readonly #listener: ResponseListener;
  readonly #maxBodyBytes: number;
  /** What has come of a head. */
  #headText = "";
  #head: ResponseHead | undefined;
  #chunks: ChunkedBody | undefined;
  #bodyBytes = 0;
  #isComplete = false;

  constructor(listener: ResponseListener, maxBodyBytes: number) {
    this.#listener = listener;
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** A response has come whole. The next bytes begin another. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Of the response that is coming or has come last; undefined before its head is there. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /**
   * Takes bytes up to the end of the response.
   *
   * @returns how many it took.
   * @throws HttpError where this is no HTTP, or more than is wanted. Nothing can be read from the connection after that.
   */
  push(bytes: Buffer): number {
    if (this.#isComplete) this.#begin();
    let at = 0;
    while (at < bytes.length && !this.#isComplete)
      at = this.#head === undefined ? this.#takeHead(bytes, at) : this.#takeBody(bytes, at);
    return at;
  }

  /** The connection has ended. @throws HttpError `ERR_CLOSED_EARLY` where the response had not. */
  end(): void {
    if (this.#isComplete || this.#head?.framing.type !== "until-close") throw new HttpError("ERR_CLOSED_EARLY");
    this.#isComplete = true;
  }

  #begin(): void {
    this.#isComplete = false;
    this.#head = undefined;
    this.#chunks = undefined;
    this.#bodyBytes = 0;
  }

  #takeHead(bytes: Buffer, at: number): number {
    const before = this.#headText.length;
    const end = before === 0 ? bytes.indexOf(headEnd, at, "latin1") : -1;
    this.#headText += bytes.toString("latin1", at, end === -1 ? Math.min(bytes.length, at + mostHeadBytes) : end);
    if (!this.#headText.startsWith(beginning.slice(0, this.#headText.length))) throw new HttpError("ERR_NOT_HTTP");
    const length = end === -1 ? this.#headText.indexOf(headEnd, Math.max(0, before - headEnd.length)) : this.#headText.length;
    if ((length === -1 ? this.#headText.length : length) >= mostHeadBytes) throw new HttpError("ERR_HEADERS_TOO_LONG");
    if (length === -1) return bytes.length;
    const head = parseHead(this.#headText.slice(0, length));
    this.#headText = "";
    this.#endHead(head);
    return at + length + headEnd.length - before;
  }

  #endHead(head: ResponseHead): void {
    if (head.statusCode === 101) throw new HttpError("ERR_NOT_HTTP");
    if (head.statusCode < 200) return;
    this.#head = head;
    const { framing } = head;
    if (framing.type === "chunked") this.#chunks = new ChunkedBody(this.#onData);
    this.#listener.onHead(head);
    if (framing.type !== "length") return;
    if (framing.bytes > this.#maxBodyBytes) throw new HttpError("ERR_BODY_TOO_LONG");
    this.#isComplete = framing.bytes === 0;
  }

  #takeBody(bytes: Buffer, at: number): number {
    if (this.#chunks !== undefined) {
      const end = this.#chunks.push(bytes, at);
      this.#isComplete = this.#chunks.isOver;
      return end;
    }
    const missing = this.#head?.framing.type === "length" ? this.#head.framing.bytes - this.#bodyBytes : Infinity;
    const end = Math.min(bytes.length, at + missing);
    this.#isComplete = end - at === missing;
    this.#pass(bytes.subarray(at, end), this.#isComplete);
    return end;
  }

  readonly #onData = (bytes: Buffer): void => this.#pass(bytes, false);

  #pass(bytes: Buffer, isLast: boolean): void {
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > this.#maxBodyBytes) throw new HttpError("ERR_BODY_TOO_LONG");
    this.#listener.onData(bytes, isLast);
  }
}
