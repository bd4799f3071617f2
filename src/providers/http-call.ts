import { BodyChunks, bodyText, decodeBody } from "./response-body.ts";
import type { Attempt } from "../model/attempt.ts";
import type { CallsInFlight, InFlightCall } from "./calls-in-flight.ts";
import type { ResponseReader } from "./response-reader.ts";

/** What the HTTP client lets a handler do. */
interface Controller {
  abort(reason: Error): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One request and its answer, from the moment it is handed to the HTTP client. Its `on…` methods are called by the client. It ends
 * once: with the answer, with an error of the connection, when its time is up or when its signal aborts, whichever comes first.
 */
export class HttpCall implements InFlightCall {
  readonly signal: AbortSignal;
  deadline = 0;
  previous: InFlightCall | undefined;
  next: InFlightCall | undefined;
  readonly #reader: ResponseReader;
  readonly #calls: CallsInFlight;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #chunks = new BodyChunks();
  #controller: Controller | undefined;
  #statusCode = 0;
  #headers: Headers = {};
  #ended = false;

  constructor(reader: ResponseReader, calls: CallsInFlight, signal: AbortSignal, resolve: (attempt: Attempt) => void) {
    this.#reader = reader;
    this.#calls = calls;
    this.signal = signal;
    this.#resolve = resolve;
  }

  /** A call that ended while it waited for a connection is not sent. */
  onRequestStart(controller: Controller): void {
    if (this.#ended) controller.abort(new Error("ended before it was sent"));
    else this.#controller = controller;
  }

  /** Statuses below 200 announce the real one. */
  onResponseStart(_controller: Controller, statusCode: number, headers: Headers): void {
    if (statusCode < 200) return;
    this.#statusCode = statusCode;
    this.#headers = headers;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#chunks.add(chunk);
  }

  onResponseEnd(): void {
    const encoding = this.#headers["content-encoding"];
    const body = this.#chunks.join();
    if (encoding === undefined || encoding === "identity" || body.length === 0) {
      this.#end(this.#reader.readResponse(this.#statusCode, this.#headers, bodyText(body)));
      return;
    }
    decodeBody(String(encoding), body, (error, text) => {
      if (error === null) this.#end(this.#reader.readResponse(this.#statusCode, this.#headers, text));
      else this.#end(this.#reader.readError(error, this.#statusCode !== 0));
    });
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (!this.#ended) this.#end(this.#reader.readError(error, this.#statusCode !== 0));
  }

  timeOut(): void {
    this.#end(this.#reader.timedOut());
    this.#controller?.abort(new Error("timed out"));
  }

  cancel(): void {
    this.#end(this.#reader.cancelled());
    this.#controller?.abort(new Error("cancelled"));
  }

  #end(attempt: Attempt): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#calls.remove(this);
    this.#resolve(attempt);
  }
}
