import type { Dispatcher } from "undici";
import type { ResponseHeaders } from "../protocol.ts";
import type { Connection } from "./connection.ts";
import { loadUndici } from "./load-undici.ts";
import { TransportError } from "../failures/transport-error.ts";

/** Receives a response as it comes; at last `onEnd` or `onError`, once, unless the exchange was aborted. */
export interface ResponseListener {
  /** @param headers Names in lower case. */
  onHead(statusCode: number, headers: ResponseHeaders): void;
  onData(bytes: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
  /** Whether a request that has gone out may go out again. */
  maySendAgain(): boolean;
}

/** Whose connections an exchange goes by. */
interface ConnectionOwner {
  /** It can carry another exchange. */
  release(connection: Connection): void;
}

/** A server that closes used connections one after the other is met on a new one the second time: that failure is real. */
const maxResends = 1;

const aborted = new Error("aborted");

/** One request and its response. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #owner: ConnectionOwner;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #listener: ResponseListener;
  #connection: Connection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #resends = 0;
  #hasHead = false;
  #isPaused = false;
  /** Nothing more is heard of it. */
  isOver = false;
  /** The request has gone out, or begun to. */
  wasSent = false;

  constructor(owner: ConnectionOwner, request: Dispatcher.DispatchOptions, listener: ResponseListener) {
    this.#owner = owner;
    this.#request = request;
    this.#listener = listener;
  }

  start(connection: Connection): void {
    this.#connection = connection;
    connection.dispatch(this.#request, this);
  }

  /** Ends it, and its connection if that carries it by now. */
  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#controller?.abort(aborted);
  }

  /** It was never sent. */
  fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#listener.onError(error);
  }

  /** Leaves what comes to the system, which tells the server to wait. */
  pause(): void {
    this.#isPaused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#resumeNow()); // undici's parser cannot go on within a call from it, be it for another connection
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.isOver) return controller.abort(aborted);
    this.wasSent = true;
    this.#connection?.begin();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: ResponseHeaders): void {
    this.#hasHead = true;
    this.#listener.onHead(statusCode, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.isOver) this.#listener.onData(bytes);
  }

  onResponseEnd(): void {
    if (this.#connection !== undefined) this.#connection.isUsed = true;
    const wasOver = this.isOver;
    this.isOver = true;
    this.#release();
    if (!wasOver) this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#mayBeSentAgain()) {
      this.#resends += 1;
      this.#controller = undefined;
      queueMicrotask(() => this.#resend()); // undici has not let go of the connection yet
      return;
    }
    this.#release();
    this.fail(this.#explained(error));
  }

  /**
   * A server may close a connection at the very moment at which the next request goes out on it; then it has not read it (RFC 9112, 9.3.1).
   * So it goes out again, on a new one.
   */
  #mayBeSentAgain(): boolean {
    if (this.isOver || this.#connection?.isUsed !== true || this.#resends === maxResends) return false;
    if (this.#controller === undefined) return true;
    return !this.#connection.hasResponded && this.#listener.maySendAgain();
  }

  #resumeNow(): void {
    if (!this.#isPaused) this.#controller?.resume();
  }

  #resend(): void {
    if (this.#connection !== undefined) this.start(this.#connection);
  }

  /** undici 7.30 gives its parser's errors no code, and calls those of a length in the head a mismatch. */
  #explained(error: Error): Error {
    const { errors } = loadUndici();
    if (error instanceof errors.HTTPParserError) return new TransportError(this.#hasHead ? "ERR_BODY_BROKEN" : "ERR_NOT_HTTP");
    const isOfLength = error instanceof errors.ResponseContentLengthMismatchError;
    return isOfLength && !this.#hasHead ? new TransportError("ERR_NOT_HTTP") : error;
  }

  #release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#owner.release(connection);
  }
}
