import type { Attempt } from "../model/attempt.ts";
import type { CallsInFlight, InFlightCall } from "./calls-in-flight.ts";
import { BodyChunks, bodyText, decodeBody } from "./response-body.ts";
import type { Reading, ResponseHead, ResponseReader } from "./response-reader.ts";
import type { StreamReader } from "./stream-reader.ts";
import { StreamWatch, type StreamTimes } from "./stream-watch.ts";

/** What the HTTP client lets a handler do. */
interface Controller {
  abort(reason: Error): void;
}

/** Who watches the time of the calls of one provider. */
export interface CallTimes {
  readonly calls: CallsInFlight;
  readonly streams: StreamTimes;
}

const noHead: ResponseHead = { statusCode: 0, headers: {} };

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
  readonly #times: CallTimes;
  readonly #reading: Reading;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #chunks = new BodyChunks();
  #controller: Controller | undefined;
  #head = noHead;
  #stream: StreamReader | undefined;
  #watch: StreamWatch | undefined;
  #ended = false;

  constructor(
    reader: ResponseReader,
    times: CallTimes,
    reading: Reading,
    signal: AbortSignal,
    resolve: (attempt: Attempt) => void,
  ) {
    this.#reader = reader;
    this.#times = times;
    this.#reading = reading;
    this.signal = signal;
    this.#resolve = resolve;
  }

  /** A call that ended while it waited for a connection is not sent. */
  onRequestStart(controller: Controller): void {
    if (this.#ended) controller.abort(new Error("ended before it was sent"));
    else this.#controller = controller;
  }

  /** Statuses below 200 announce the real one. */
  onResponseStart(_controller: Controller, statusCode: number, headers: ResponseHead["headers"]): void {
    if (statusCode < 200 || this.#ended) return;
    this.#head = { statusCode, headers };
    this.#stream = this.#reader.openStream(this.#head, this.#reading);
    if (this.#stream !== undefined) this.#watch = new StreamWatch(this.#times.streams, this.#onSilence);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#stream === undefined) {
      this.#chunks.add(chunk);
      return;
    }
    if (this.#ended) return;
    this.#stream.push(chunk);
    this.#watch?.heard(this.#stream.isOver);
  }

  onResponseEnd(): void {
    if (this.#stream !== undefined) {
      this.#endStream(this.#stream, undefined);
      return;
    }
    const encoding = this.#head.headers["content-encoding"];
    const body = this.#chunks.join();
    if (encoding === undefined || encoding === "identity" || body.length === 0) {
      this.#endWithBody(bodyText(body));
      return;
    }
    decodeBody(String(encoding), body, (error, text) => {
      if (error === null) this.#endWithBody(text);
      else this.#end(this.#reader.readError(error, true));
    });
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (!this.#ended) this.#interrupt(this.#reader.readError(error, this.#head !== noHead));
  }

  timeOut(): void {
    this.#interrupt(this.#reader.timedOut());
    this.#controller?.abort(new Error("timed out"));
  }

  cancel(): void {
    this.#interrupt(this.#reader.cancelled());
    this.#controller?.abort(new Error("cancelled"));
  }

  readonly #onSilence = (): void => {
    this.#interrupt(this.#reader.idle());
    this.#controller?.abort(new Error("silent"));
  };

  /** A stream that is whole by now is an answer, whatever becomes of its connection. */
  #interrupt(attempt: Attempt): void {
    if (this.#stream === undefined) this.#end(attempt);
    else this.#endStream(this.#stream, attempt);
  }

  #endStream(stream: StreamReader, interruption: Attempt | undefined): void {
    if (!this.#ended) this.#end(this.#reader.readStream(this.#head, stream, interruption));
  }

  #endWithBody(text: string): void {
    if (!this.#ended) this.#end(this.#reader.readResponse(this.#head, text, this.#reading));
  }

  #end(attempt: Attempt): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watch?.end();
    this.#times.calls.remove(this);
    this.#resolve(attempt);
  }
}
