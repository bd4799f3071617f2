import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { TlsOptions } from "node:tls";
import type { Server, Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { portOf } from "./raw-server.ts";
import { errorAnswer, sendReply, type Reply } from "./replies.ts";

export * from "./raw-server.ts";
export * from "./replies.ts";

/**
 * A real HTTP server on 127.0.0.1 that answers as a script says and keeps a ledger of everything it received, so that a test can
 * compare what the program says with what the server saw.
 *
 * ```ts
 * const server = await startScriptedServer((call) => (call.index === 0 ? errorAnswer(503) : chatAnswer()));
 * // … send requests to `${server.url}/v1` …
 * await server.until(() => server.ledger.length === 2);
 * expect(server.peakInFlight).toBe(1);
 * await server.close();
 * ```
 *
 * A script is called once the whole request is in, and may be asynchronous: a promise it returns holds the answer back until the
 * test resolves it. A script that throws is answered with 500 and its message.
 */
export async function startScriptedServer(script: Script, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = new ScriptedServer(script, options);
  await server.listen();
  return server;
}

/** Decides the answer to one request, from its number, its content, or what the ledger holds so far. */
export type Script = (call: ReceivedCall, ledger: readonly ReceivedCall[]) => Reply | Promise<Reply>;

export interface ScriptedServerOptions {
  /** Speak HTTPS with this key and certificate, in PEM. */
  readonly tls?: TlsOptions;
}

/** One request, as the server saw it. Times are of `performance.now()`. */
export interface ReceivedCall {
  /** 0 for the first to arrive. */
  readonly index: number;
  /** When its headers had arrived. */
  readonly arrivedAt: number;
  /** When its answer had been sent whole, or its connection was lost; undefined until then. */
  readonly endedAt: number | undefined;
  /** The connection was lost before the answer had been sent whole, whichever side it was. */
  readonly aborted: boolean;
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body's text; empty until it is in. */
  readonly body: string;
  /** The body, parsed. */
  json(): unknown;
  /** Which connection it came on: 0 for the first that was opened. */
  readonly connection: number;
  /** Requests under way when it arrived, itself included. */
  readonly inFlight: number;
}

export class ScriptedServer {
  /** Every request, in order of arrival. */
  readonly ledger: readonly ReceivedCall[];
  readonly #ledger: LedgerEntry[] = [];
  readonly #script: Script;
  readonly #server: Server;
  readonly #scheme: "http" | "https";
  readonly #sockets = new Map<Socket, number>();
  readonly #waiting = new Set<{ condition: () => boolean; resolve: () => void }>();
  #connections = 0;
  #inFlight = 0;
  #peakInFlight = 0;

  constructor(script: Script, { tls }: ScriptedServerOptions) {
    this.ledger = this.#ledger;
    this.#script = script;
    this.#scheme = tls === undefined ? "http" : "https";
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#receive(request, response);
    this.#server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
    this.#server.on("connection", (socket: Socket) => this.#welcome(socket));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** `http://127.0.0.1:PORT`, with no slash at the end. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Connections opened so far, closed ones included. */
  get connections(): number {
    return this.#connections;
  }

  /** On the connections that are open. */
  get sentBytes(): number {
    return [...this.#sockets.keys()].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get peakInFlight(): number {
    return this.#peakInFlight;
  }

  /** Resolves once `condition` holds. It is tried at each event of the server: no polling, and no sleeping in tests. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ condition, resolve });
    });
  }

  /** Cuts what is under way and stops. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }

  #welcome(socket: Socket): void {
    this.#sockets.set(socket, this.#connections);
    this.#connections += 1;
    socket.on("error", () => {}); // the client may go away whenever it likes
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#happened();
    });
    this.#happened();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#inFlight += 1;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    const call = new LedgerEntry(request, this.#ledger.length, this.#inFlight, this.#sockets.get(request.socket) ?? -1);
    this.#ledger.push(call);
    response.on("close", () => {
      call.endedAt = performance.now();
      call.aborted = !response.writableFinished;
      this.#inFlight -= 1;
      this.#happened();
    });
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      call.body = Buffer.concat(chunks).toString();
      void this.#answer(call, response);
      this.#happened();
    });
    this.#happened();
  }

  async #answer(call: LedgerEntry, response: ServerResponse): Promise<void> {
    try {
      const reply = this.#script(call, this.#ledger);
      const { delayMs, ...rest } = reply instanceof Promise ? await reply : reply;
      if (delayMs === undefined) sendReply(response, rest);
      else setTimeout(() => sendReply(response, rest), delayMs);
    } catch (error) {
      sendReply(response, errorAnswer(500, { message: `the test's script threw: ${String(error)}` }));
    }
  }

  #happened(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.condition()) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}

class LedgerEntry implements ReceivedCall {
  readonly index: number;
  readonly arrivedAt = performance.now();
  endedAt: number | undefined;
  aborted = false;
  readonly method: string;
  readonly path: string;
  readonly headers: ReceivedCall["headers"];
  body = "";
  readonly connection: number;
  readonly inFlight: number;

  constructor(request: IncomingMessage, index: number, inFlight: number, connection: number) {
    this.index = index;
    this.method = request.method ?? "";
    this.path = request.url ?? "";
    this.headers = request.headers;
    this.connection = connection;
    this.inFlight = inFlight;
  }

  json(): unknown {
    return JSON.parse(this.body);
  }
}
