import type { Buffer } from "node:buffer";
import type { Dispatcher } from "undici";
import type { Attempt } from "../../model/attempt.ts";
import type { CallsInFlight, InFlightCall } from "./calls-in-flight.ts";
import type { ResponseHeaders } from "../protocol.ts";
import { isBareJson } from "../responses/recognise-stream.ts";
import { isSuccess, type Reading, type ResponseHead, type ResponseReader } from "../responses/response-reader.ts";
import type { StreamReader } from "../responses/stream-reader.ts";
import { StreamWatch, type StreamTimes } from "./stream-watch.ts";
import { BodyChunks, bodyText } from "./body-chunks.ts";
import type { ByteBudget, Reader } from "./byte-budget.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { type BodySink, type ContentDecoder, createDecoders } from "./content-decoder.ts";
import type { Exchange, ResponseListener } from "./exchange.ts";
import { maxErrorBodyBytes } from "../body-limits.ts";
import { TransportError } from "../failures/transport-error.ts";
import type { TlsProbe } from "./tls-probe.ts";

/** What the calls of one provider have in common: what bounds them in time and in memory, and what explains that servers hang up. */
export interface CallBounds {
  readonly tlsProbe: TlsProbe | undefined;
  readonly calls: CallsInFlight;
  readonly streams: StreamTimes;
  readonly bodies: ByteBudget;
}

const noHead: ResponseHead = { statusCode: 0, headers: {} };

/**
 * One request and its answer, from the moment it is handed to the connections. It ends once: with the answer, with an error of the
 * connection, when its time is up or when its signal aborts, whichever comes first.
 */
export class HttpCall implements InFlightCall, ResponseListener, BodySink, Reader {
  readonly signal: AbortSignal;
  deadline = 0;
  previous: InFlightCall | undefined;
  next: InFlightCall | undefined;
  readonly #reader: ResponseReader;
  readonly #bounds: CallBounds;
  readonly #reading: Reading;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #chunks = new BodyChunks();
  #exchange: Exchange | undefined;
  #head = noHead;
  #decoders: readonly ContentDecoder[] = [];
  #receivedBytes = 0;
  /** Of the body, decoded. */
  #bodyBytes = 0;
  /** Of these, what memory still holds. */
  #heldBytes = 0;
  #stream: StreamReader | undefined;
  #hasBegun = false;
  #watch: StreamWatch | undefined;
  #ended = false;
  /** For lack of memory, and because what came is not taken. */
  #pauses = 0;

  constructor(
    reader: ResponseReader,
    bounds: CallBounds,
    reading: Reading,
    signal: AbortSignal,
    resolve: (attempt: Attempt) => void,
  ) {
    this.#reader = reader;
    this.#bounds = bounds;
    this.#reading = reading;
    this.signal = signal;
    this.#resolve = resolve;
  }

  send(connections: ConnectionPool, request: Dispatcher.DispatchOptions): void {
    this.#exchange = connections.send(request, this);
  }

  onHead(statusCode: number, headers: ResponseHeaders): void {
    this.#bounds.tlsProbe?.answered();
    this.#head = { statusCode, headers };
    this.#decoders = createDecoders(headers, this);
    this.#stream = this.#reader.openStream(this.#head, this.#reading);
    if (this.#stream !== undefined) this.#watch = new StreamWatch(this.#bounds.streams, () => this.#abort(this.#reader.idle()));
  }

  onData(bytes: Buffer): void {
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes > this.#reader.maxBodyBytes) this.fail(new TransportError("ERR_BODY_TOO_LONG"));
    else (this.#decoders[0] ?? this).write(bytes);
  }

  onEnd(): void {
    (this.#decoders[0] ?? this).end();
  }

  onError(error: Error): void {
    const explained = this.#head === noHead ? this.#bounds.tlsProbe?.explain(error) : undefined;
    if (explained === undefined) this.#interrupt(this.#reader.readError(error));
    else void this.#interruptBy(explained);
  }

  maySendAgain(): boolean {
    return this.#reading.maySendAgain?.() ?? true;
  }

  /** The next bytes of the body, decoded. */
  write(bytes: Buffer): void {
    if (this.#ended) return;
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > this.#reader.maxBodyBytes) return this.fail(new TransportError("ERR_DECODED_BODY_TOO_LONG"));
    if (this.#stream !== undefined && !this.#hasBegun) this.#begin(bytes);
    if (this.#stream === undefined) return this.#gather(bytes);
    const hold = this.#stream.push(bytes);
    this.#holds(this.#stream.heldBytes);
    this.#watch?.heard(this.#stream.isOver);
    if (hold !== undefined) void this.#waitFor(hold);
  }

  end(): void {
    if (this.#ended) return;
    if (this.#stream === undefined) this.#endWithBody();
    else this.#endStream(this.#stream, undefined);
  }

  fail(error: Error): void {
    this.#abort(this.#reader.readError(error));
  }

  timeOut(): void {
    this.#abort(this.#reader.timedOut());
  }

  cancel(): void {
    this.#abort(this.#reader.cancelled());
  }

  pause(): void {
    this.#pauses += 1;
    this.#exchange?.pause();
    this.#watch?.end();
    for (const decoder of this.#decoders) decoder.pause();
  }

  resume(): void {
    this.#pauses -= 1;
    if (this.#ended || this.#pauses > 0) return;
    this.#watch?.heard(false);
    for (const decoder of this.#decoders) decoder.resume();
    this.#exchange?.resume();
  }

  async #waitFor(hold: Promise<void>): Promise<void> {
    this.pause();
    this.#bounds.bodies.leave(this);
    await hold;
    if (!this.#ended) this.#bounds.bodies.add(this, 0);
    this.resume();
  }

  #holds(bytes: number): void {
    this.#bounds.bodies.add(this, bytes - this.#heldBytes);
    this.#heldBytes = bytes;
  }

  /** What goes out may be answered, and billed, whether or not the answer arrives. */
  get #mayBeBilled(): boolean {
    return this.#exchange?.wasSent === true && (this.#head === noHead || isSuccess(this.#head));
  }

  #begin(bytes: Buffer): void {
    const isJson = isBareJson(bytes);
    this.#hasBegun = isJson !== undefined;
    if (isJson !== true) return;
    this.#stream = undefined;
    this.#watch?.end();
    this.#watch = undefined;
  }

  /** Of an error more than the beginning is of no use, and the connection is given up. */
  #gather(bytes: Buffer): void {
    this.#chunks.add(bytes);
    this.#holds(this.#heldBytes + bytes.length);
    if (this.#bodyBytes <= maxErrorBodyBytes || isSuccess(this.#head)) return;
    this.#endWithBody();
    this.#exchange?.abort();
  }

  #abort(attempt: Attempt): void {
    this.#interrupt(attempt);
    this.#exchange?.abort();
  }

  async #interruptBy(explained: Promise<Error>): Promise<void> {
    this.#interrupt(this.#reader.readError(await explained));
  }

  /** A stream that is whole by now is an answer, whatever becomes of its connection. */
  #interrupt(attempt: Attempt): void {
    if (this.#stream === undefined) this.#end(attempt);
    else this.#endStream(this.#stream, attempt);
  }

  #endStream(stream: StreamReader, interruption: Attempt | undefined): void {
    if (!this.#ended) this.#end(this.#reader.readStream(this.#head, stream, this.#reading, interruption));
  }

  #endWithBody(): void {
    if (!this.#ended) this.#end(this.#reader.readResponse(this.#head, bodyText(this.#chunks.join()), this.#reading));
  }

  #end(attempt: Attempt): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const decoder of this.#decoders) decoder.destroy();
    this.#bounds.bodies.end(this, this.#heldBytes);
    this.#watch?.end();
    this.#bounds.calls.remove(this);
    const isTold = attempt.ok || attempt.failure.statusCode !== undefined || this.#mayBeBilled;
    this.#resolve(isTold ? attempt : { ...attempt, isUnbilled: true });
  }
}
