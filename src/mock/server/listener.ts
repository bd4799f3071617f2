import type { Server } from "node:http";
import type { Socket } from "node:net";
import { openListener } from "../../sockets/open-listener.ts";

/** A server's address: opened, closed with all connections cut, and opened again on the same port. */
export class Listener {
  port: number;
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  /** Opening and closing, one after the other. */
  #settled: Promise<void> = Promise.resolve();

  /** @param port 0 for any free one. */
  constructor(server: Server, port: number, host: string) {
    this.#server = server;
    this.port = port;
    this.#host = host;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** @throws ConfigurationError if the address cannot be listened on. */
  open(): Promise<void> {
    this.#settled = this.#settled.then(() => this.#listen());
    return this.#settled;
  }

  /** Resolves when every connection has closed: only then has every waiting call noticed. */
  close(): Promise<void> {
    this.#settled = this.#settled.then(() => this.#cut());
    return this.#settled;
  }

  async #listen(): Promise<void> {
    this.port = await openListener(this.#server, this.port, this.#host);
  }

  async #cut(): Promise<void> {
    const allClosed = [...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.on("close", () => resolve())));
    const serverClosed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([serverClosed, ...allClosed]);
  }
}
