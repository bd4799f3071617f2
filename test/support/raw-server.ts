import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * A bare TCP server on 127.0.0.1, for what no HTTP server does: accept and say nothing, hang up at once, talk nonsense before the
 * request is in.
 *
 * @param onConnection May read from and write to the socket as it likes.
 */
export async function startRawServer(onConnection: (socket: Socket, index: number) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket, connections);
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    port: portOf(server),
    connections: () => connections,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export interface RawServer {
  readonly url: string;
  readonly port: number;
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

/** A port of 127.0.0.1 that refuses connections: it was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await startRawServer(() => {});
  await server.close();
  return server.port;
}

/** A URL on 127.0.0.1 where nothing listens. */
export async function closedPortUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** The port that a listening server got. */
export function portOf(server: Pick<Server, "address">): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return address.port;
}
