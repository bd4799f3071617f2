import type { Buffer } from "node:buffer";
import type { Carrier, Exchange, Headers } from "../http/http-client.ts";
import type { Attempt } from "../model/attempt.ts";
import type { CallsInFlight, InFlightCall } from "./calls-in-flight.ts";
import { BodyChunks, bodyText, decodeBody } from "./response-body.ts";
import type { Reading, ResponseHead, ResponseReader } from "./response-reader.ts";
import type { StreamReader } from "./stream-reader.ts";
import { StreamWatch, type StreamTimes } from "./stream-watch.ts";

/** Who watches the time of the calls of one provider. */
export interface CallTimes {
  readonly calls: CallsInFlight;
  readonly streams: StreamTimes;
}

const noHead: ResponseHead = { statusCode: 0, headers: {} };

/**
 * One request and its answer, from the moment it is handed to the HTTP client. It ends once: with the answer, with an error of the
 * connection, when its time is up or when its signal aborts, whichever comes first.
 */
export class HttpCall implements InFlightCall, Exchange {
  readonly signal: AbortSignal;
  deadline = 0;
  previous: InFlightCall | undefined;
  next: InFlightCall | undefined;
  readonly #reader: ResponseReader;
  readonly #times: CallTimes;
  readonly #reading: Reading;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #chunks = new BodyChunks();
  #carrier: Carrier | undefined;
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

  get isOver(): boolean {
    return this.#ended;
  }

  onStart(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  onHead(statusCode: number, headers: Headers): void {
    this.#head = { statusCode, headers };
    this.#stream = this.#reader.openStream(this.#head, this.#reading);
    if (this.#stream !== undefined) this.#watch = new StreamWatch(this.#times.streams, this.#onSilence);
  }

  onData(bytes: Buffer, isLast: boolean): void {
    if (this.#stream === undefined) {
      if (isLast && this.#chunks.isEmpty && !this.#isEncoded) this.#endWithBody(bodyText(bytes));
      else this.#chunks.add(bytes);
      return;
    }
    this.#stream.push(bytes);
    this.#watch?.heard(this.#stream.isOver);
  }

  onEnd(): void {
    if (this.#ended) return;
    if (this.#stream !== undefined) return this.#endStream(this.#stream, undefined);
    const body = this.#chunks.join();
    if (!this.#isEncoded || body.length === 0) return this.#endWithBody(bodyText(body));
    decodeBody(String(this.#head.headers["content-encoding"]), body, (error, text) => {
      if (error === null) this.#endWithBody(text);
      else this.#end(this.#reader.readError(error));
    });
  }

  onError(error: Error): void {
    if (!this.#ended) this.#interrupt(this.#reader.readError(error));
  }

  timeOut(): void {
    this.#interrupt(this.#reader.timedOut());
    this.#carrier?.abort(this);
  }

  cancel(): void {
    this.#interrupt(this.#reader.cancelled());
    this.#carrier?.abort(this);
  }

  readonly #onSilence = (): void => {
    this.#interrupt(this.#reader.idle());
    this.#carrier?.abort(this);
  };

  get #isEncoded(): boolean {
    const encoding = this.#head.headers["content-encoding"];
    return encoding !== undefined && encoding !== "identity";
  }

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
