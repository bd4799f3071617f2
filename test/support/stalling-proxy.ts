import { connect, type Socket } from "node:net";
import { type RawServer, startRawServer } from "./raw-server.ts";

export interface StallingProxy extends Pick<RawServer, "port" | "close"> {
  /** From now on nothing goes through it, and its connections stay open. */
  readonly stall: () => void;
  /** Connections of clients that are open. */
  readonly open: () => number;
}

/** Passes bytes on to a port of this machine, until it stalls. */
export async function startStallingProxy(port: number): Promise<StallingProxy> {
  const pairs = new Map<Socket, Socket>();
  let isStalled = false;
  const proxy = await startRawServer((client) => {
    const server = connect(port, "127.0.0.1");
    pairs.set(client, server);
    server.on("error", () => client.destroy());
    client.on("close", () => {
      pairs.delete(client);
      server.destroy();
    });
    if (isStalled) client.resume();
    else client.pipe(server).pipe(client);
  });
  return {
    port: proxy.port,
    close: () => proxy.close(),
    stall: () => {
      isStalled = true;
      for (const [client, server] of pairs) {
        client.unpipe().resume();
        server.unpipe().pause();
      }
    },
    open: () => pairs.size,
  };
}
