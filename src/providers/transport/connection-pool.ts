import { setMaxListeners } from "node:events";
import type { Dispatcher } from "undici";
import { connectToProxy, createConnector, type Connector } from "./connector.ts";
import { Connection } from "./connection.ts";
import { Exchange, type ResponseListener } from "./exchange.ts";
import type { ProxyServer } from "./proxy.ts";
import { TransportError } from "../failures/transport-error.ts";
import type { TlsSettings } from "./tls-settings.ts";
import { Tunnels } from "./tunnel.ts";

interface ConnectionPoolOptions {
  /** `https://api.example.com` */
  readonly origin: string;
  /** Host and port of it. */
  readonly authority: string;
  readonly proxy: ProxyServer | undefined;
  readonly tls?: TlsSettings | undefined;
  /** @default as many as requests are in flight */
  readonly maxConnections?: number | undefined;
}

/** A server that closes after each answer does so at once: 1 to 4 of 300 requests met the end of the connection that they were given in its place. */
const provingMs = 5;

/**
 * The connections to one server: one request at a time on each, the one used last first.
 *
 * undici's `Pool` is not used. It keeps a connection back for a turn of the event loop after a response and opens another for a request
 * that comes before: two for one request at a time. Nor does it tell whether the one that failed had been used before.
 */
export class ConnectionPool {
  readonly #origin: string;
  readonly #maxConnections: number;
  readonly #connector: Connector;
  readonly #tunnels: Tunnels | undefined;
  readonly #connections: Connection[] = [];
  readonly #idle: Connection[] = [];
  readonly #waiting: Exchange[] = [];
  /** How many will be idle soon, if their server does not close them. */
  #proving = 0;
  readonly #connecting = new AbortController();
  #closing: Promise<void> | undefined;

  constructor({ origin, authority, proxy, tls = {}, maxConnections = Infinity }: ConnectionPoolOptions) {
    setMaxListeners(0, this.#connecting.signal);
    const connect = createConnector(this.#connecting.signal, tls);
    // The client's certificate is for the server alone.
    const connectProxy = createConnector(this.#connecting.signal, tls.ca === undefined ? {} : { ca: tls.ca });
    const isForwarded = proxy !== undefined && origin.startsWith("http:");
    this.#origin = isForwarded ? proxy.origin : origin;
    this.#tunnels = proxy === undefined || isForwarded ? undefined : new Tunnels(proxy, authority, connect, connectProxy);
    this.#connector = this.#tunnels?.connector ?? (isForwarded ? connectToProxy(proxy, connectProxy) : connect);
    this.#maxConnections = maxConnections;
  }

  /** Sends a request. `listener` receives its response, or its error. */
  send(request: Dispatcher.DispatchOptions, listener: ResponseListener): Exchange {
    const exchange = new Exchange(this, request, listener);
    if (this.#closing !== undefined) listener.onError(new TransportError("ERR_PROVIDER_CLOSED"));
    else if (this.#mayStart) exchange.start(this.#take());
    else this.#waiting.push(exchange);
    return exchange;
  }

  /** What the connection carried has ended. After its first response it has to prove that it stays open. */
  release(connection: Connection): void {
    if (connection.isProven || !connection.isUsed) return this.#reuse(connection);
    this.#proving += 1;
    // Timers fire before what has arrived is read, immediates after that.
    setTimeout(() => setImmediate(() => this.#endProof(connection)), provingMs);
  }

  #endProof(connection: Connection): void {
    this.#proving -= 1;
    connection.isProven = connection.isUsed;
    this.#reuse(connection);
  }

  get #mayStart(): boolean {
    if (this.#idle.length > 0) return true;
    return this.#connections.length < this.#maxConnections && this.#proving <= this.#waiting.length;
  }

  #reuse(connection: Connection): void {
    let next = this.#waiting.shift();
    while (next?.isOver === true) next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else queueMicrotask(() => next.start(connection)); // undici has to know first that the connection is free
  }

  /** What is under way fails with `ERR_PROVIDER_CLOSED`. Resolves once all connections are closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = new TransportError("ERR_PROVIDER_CLOSED");
    for (const exchange of this.#waiting.splice(0)) exchange.fail(error);
    const closed = Promise.all(this.#connections.map((connection) => connection.destroy(error)));
    this.#connecting.abort();
    await Promise.all([closed, this.#tunnels?.close()]);
  }

  #take(): Connection {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const connection = new Connection(this.#origin, this.#connector);
    this.#connections.push(connection);
    return connection;
  }
}
