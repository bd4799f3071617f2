import { Buffer } from "node:buffer";
import type { Connect } from "./connect.ts";
import { Connection, type ConnectionOwner, type Exchange } from "./connection.ts";
import { HttpError } from "./http-error.ts";

export { type Connect, connectTimeoutMs, connectTo, type OnConnected, type Origin, parseOrigin, tlsOptions } from "./connect.ts";
export type { Carrier, Exchange } from "./connection.ts";
export { HttpError, type HttpErrorCode } from "./http-error.ts";
export { requestHead } from "./request-head.ts";
export type { Headers } from "./response-head.ts";

export interface HttpClientOptions {
  readonly connect: Connect;
  /** At most. Default: as many as exchanges are under way. */
  readonly connections?: number | undefined;
  /** A longer body fails with `ERR_BODY_TOO_LONG`. As it comes, before it is decoded. */
  readonly maxBodyBytes: number;
}

interface Waiting {
  readonly text: string;
  readonly exchange: Exchange;
}

/**
 * HTTP/1.1 to one server (RFC 9112), as batches of POST requests need it: one request at a time on each connection, connections kept
 * and used again, the one used last first. It follows no redirects, keeps no cookies and asks for no compression.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  #connecting = 0;
  #closed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a POST. Whatever comes of it, `exchange` hears of it; nothing is sent twice.
   *
   * @param head Of the request: what `requestHead` made.
   */
  send(head: string, body: string, exchange: Exchange): void {
    if (this.#closing !== undefined) {
      exchange.onError(new HttpError("ERR_CLIENT_CLOSED"));
      return;
    }
    const text = `${head}${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const connection = this.#waiting.length === 0 ? this.#takeIdle() : undefined;
    if (connection !== undefined) {
      connection.send(text, exchange);
      return;
    }
    this.#waiting.push({ text, exchange });
    this.#connect();
  }

  /** Exchanges under way fail with `ERR_CLIENT_CLOSED`. Resolves once all connections are gone. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const error = new HttpError("ERR_CLIENT_CLOSED");
      for (const { exchange } of this.#waiting.splice(0)) exchange.onError(error);
      this.#closed = resolve;
      if (this.#connections.size === 0) resolve();
      for (const connection of this.#connections) connection.destroy(error);
    });
    return this.#closing;
  }

  #takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isFresh) return connection;
      connection.destroy();
    }
    return undefined;
  }

  readonly #owner: ConnectionOwner = {
    onOpen: (connection) => {
      this.#connecting -= 1;
      this.#employ(connection);
    },
    onFailed: (connection, error) => {
      this.#connecting -= 1;
      this.#takeWaiting()?.exchange.onError(error);
      this.#forget(connection);
    },
    onIdle: (connection) => this.#employ(connection),
    onGone: (connection) => {
      const place = this.#idle.indexOf(connection);
      if (place !== -1) this.#idle.splice(place, 1);
      this.#forget(connection);
    },
  };

  #employ(connection: Connection): void {
    const next = this.#takeWaiting();
    if (next !== undefined) connection.send(next.text, next.exchange);
    else if (this.#closing === undefined) this.#idle.push(connection);
    else connection.destroy();
  }

  #takeWaiting(): Waiting | undefined {
    let next = this.#waiting.shift();
    while (next?.exchange.isOver === true) next = this.#waiting.shift();
    return next;
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#closing === undefined) this.#connect();
    else if (this.#connections.size === 0) this.#closed?.();
  }

  /** Opens a connection for each exchange that waits, as far as it may. */
  #connect(): void {
    const { connect, connections: most = Infinity, maxBodyBytes } = this.#options;
    while (this.#connecting < this.#waiting.length && this.#connections.size < most) {
      this.#connecting += 1;
      this.#connections.add(new Connection(connect, this.#owner, maxBodyBytes));
    }
  }
}
