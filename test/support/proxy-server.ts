import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type Server, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { closing, serve } from "./closing.ts";
import { portOf } from "./raw-server.ts";
import type { ScriptedServer, ScriptedServerOptions } from "./scripted-server.ts";

export interface Proxied {
  readonly server: ScriptedServer;
  readonly proxy: ProxyServer;
}

/** A server that answers, and a proxy that leads to it. @param proxyTls The proxy's key and certificate; without it speaks plain HTTP. */
export async function serveBehindProxy(options?: ScriptedServerOptions, proxyTls?: TlsOptions): Promise<Proxied> {
  const server = await serve(undefined, options);
  return { server, proxy: closing(await ProxyServer.start(server.port, proxyTls)) };
}

/** What a proxy was asked. */
export interface ProxyCall {
  readonly method: string;
  /** `host:port` for a tunnel, a whole URL otherwise. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
}

/**
 * A real HTTP proxy on 127.0.0.1. Whatever host it is asked for, it goes to the one port that it was given, so that tests need no
 * names that exist.
 */
export class ProxyServer {
  readonly ledger: ProxyCall[] = [];
  /** Refuses with this status instead of doing anything. */
  refusal: number | undefined;
  readonly #port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Names that TLS clients asked for. */
  readonly askedNames: (string | false)[] = [];

  static async start(port: number, tls?: TlsOptions): Promise<ProxyServer> {
    const proxy = new ProxyServer(port, tls);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  private constructor(port: number, tls: TlsOptions | undefined) {
    this.#port = port;
    const forward = (asked: IncomingMessage, answer: ServerResponse): void => this.#forward(asked, answer);
    this.#server = tls === undefined ? createServer(forward) : createTlsServer(tls, forward);
    this.#server.on("secureConnection", ({ servername }: { servername: string | false }) => this.askedNames.push(servername));
    this.#server.on("connect", (asked: IncomingMessage, socket: Socket) => this.#tunnel(asked, socket));
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
  }

  get host(): string {
    return `127.0.0.1:${portOf(this.#server)}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward(asked: IncomingMessage, answer: ServerResponse): void {
    this.#write(asked);
    const { method, headers } = asked;
    const { pathname, search } = new URL(asked.url ?? "");
    if (this.refusal !== undefined) {
      answer.writeHead(this.refusal).end();
      return;
    }
    const onward = request({ host: "127.0.0.1", port: this.#port, method, path: pathname + search, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(answer);
    });
    asked.pipe(onward);
  }

  #tunnel(asked: IncomingMessage, socket: Socket): void {
    this.#write(asked);
    if (this.refusal !== undefined) {
      socket.end(`HTTP/1.1 ${this.refusal} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(this.#port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    this.#keep(onward);
  }

  #write({ method = "", url = "", headers }: IncomingMessage): void {
    this.ledger.push({ method, target: url, headers });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
