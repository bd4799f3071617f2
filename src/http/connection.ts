import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Connect } from "./connect.ts";
import { HttpError } from "./http-error.ts";
import type { Headers } from "./response-head.ts";
import { ResponseParser } from "./response-parser.ts";

/** What carries an exchange. */
export interface Carrier {
  /** Ends an exchange, and the connection with it, if it still carries that one. Nothing more is heard then. */
  abort(exchange: Exchange): void;
}

/** One request and its response, and whoever waits for it. Hears `onEnd` or `onError`, once, unless it was aborted. */
export interface Exchange {
  /** Nobody waits any more: it need not be sent. */
  readonly isOver: boolean;
  /** It is being sent. */
  onStart(carrier: Carrier): void;
  onHead(statusCode: number, headers: Headers): void;
  /** @see ResponseListener.onData */
  onData(bytes: Buffer, isLast: boolean): void;
  onEnd(): void;
  onError(error: Error): void;
}

/** Hears what becomes of a connection: `onFailed`, or `onOpen` and at last `onGone`. */
export interface ConnectionOwner {
  onFailed(connection: Connection, error: Error): void;
  /** It is there, idle. */
  onOpen(connection: Connection): void;
  /** It can take another exchange. */
  onIdle(connection: Connection): void;
  onGone(connection: Connection): void;
}

/** Servers close idle connections, many after 5 s. What is sent at that moment is lost, so it is left alone before. */
const idleMs = 4000;
const keepAliveMarginMs = 1000;
const longestIdleMs = 600_000;

/** A server that answers before it has taken more than this of the request may never take the rest. */
const mostUnsentBytes = 64 * 1024;

/** One connection to a server, which carries one exchange at a time. */
export class Connection implements Carrier {
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  readonly #cancelConnecting: () => void;
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #freshUntilMs = Infinity;

  constructor(connect: Connect, owner: ConnectionOwner, maxBodyBytes: number) {
    this.#owner = owner;
    this.#parser = new ResponseParser(
      {
        onHead: ({ statusCode, headers }) => this.#exchange?.onHead(statusCode, headers),
        onData: (bytes, isLast) => this.#exchange?.onData(bytes, isLast),
      },
      maxBodyBytes,
    );
    this.#cancelConnecting = connect(this.#onBytes, (outcome) => {
      if (outcome instanceof Error) owner.onFailed(this, outcome);
      else this.#open(outcome);
    });
  }

  /** Whether the server will have kept it, as far as one can tell. */
  get isFresh(): boolean {
    return performance.now() < this.#freshUntilMs;
  }

  /** @param text The whole request. Only while it is idle. */
  send(text: string, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#socket?.ref();
    exchange.onStart(this);
    this.#socket?.write(text);
  }

  abort(exchange: Exchange): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    this.destroy();
  }

  /** What it carries fails with `error`. */
  destroy(error?: Error): void {
    this.#freshUntilMs = -Infinity; // it is gone a moment later
    if (error !== undefined) this.#fail(error);
    if (this.#socket === undefined) this.#cancelConnecting();
    else this.#socket.destroy();
  }

  #open(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", this.#onEnd);
    socket.on("close", () => {
      this.#fail(new HttpError("ERR_CLOSED_EARLY"));
      this.#owner.onGone(this);
    });
    socket.unref();
    this.#owner.onOpen(this);
  }

  readonly #onBytes = (bytes: Buffer): void => {
    try {
      // What nobody asked for may be meant as the answer to the next request.
      if (this.#exchange === undefined) this.destroy();
      else this.#take(bytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };

  #take(bytes: Buffer): void {
    const taken = this.#parser.push(bytes);
    if (this.#parser.isComplete) this.#complete(taken === bytes.length);
  }

  readonly #onEnd = (): void => {
    if (this.#exchange === undefined) return this.destroy();
    try {
      this.#parser.end();
      this.#complete(false);
    } catch {
      // A server that reads no more would else leave what is unsent of the request waiting, and the connection with it.
      this.destroy(new HttpError("ERR_CLOSED_EARLY"));
    }
  };

  /** @param isClean Nothing came after the response. */
  #complete(isClean: boolean): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return; // aborted by what it heard
    this.#exchange = undefined;
    if (isClean && this.#canBeKept()) this.#restWhenSent();
    else this.destroy();
    exchange.onEnd();
  }

  /** Over TLS a request that is answered may not have been reported as sent yet. */
  #restWhenSent(): void {
    this.#socket?.unref();
    if (this.#socket?.writableLength === 0) this.#owner.onIdle(this);
    else this.#socket?.write("", this.#onSent);
  }

  readonly #onSent = (error?: Error | null): void => {
    if (!error) this.#owner.onIdle(this);
  };

  #canBeKept(): boolean {
    const { head } = this.#parser;
    if (head?.isKeptAlive !== true || this.#socket === undefined || this.#socket.writableLength > mostUnsentBytes) return false;
    const mostMs = head.keepAliveMs === undefined ? idleMs : Math.min(head.keepAliveMs - keepAliveMarginMs, longestIdleMs);
    this.#freshUntilMs = performance.now() + mostMs;
    return mostMs > 0;
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onError(error);
  }
}
