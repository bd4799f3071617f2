import { createServer as createHttpServer, type Server } from "node:http";
import { ConfigurationError, errorCode } from "../model/errors.ts";
import { openListener } from "../sockets/open-listener.ts";
import type { LiveServer } from "./create-server.ts";

/** What connections may take. Times in milliseconds. */
export interface ConnectionLimits {
  /** How long an idle one is kept. Node closes it after 5 s, and clients lose the race. */
  readonly keepAliveTimeout: number;
  /** Node waits 60 s for headers, which slow clients use up. */
  readonly headersTimeout: number;
  /** For a request, its body included. */
  readonly requestTimeout: number;
  /** How often both are looked after: Node would do so every 30 s. */
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  /** Of each address. */
  readonly maxConnections: number;
}

const defaultLimits: ConnectionLimits = {
  keepAliveTimeout: 75_000,
  headersTimeout: 15_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 2_048,
};

/** A server that listens. */
export interface ListeningServer {
  readonly port: number;
  /** No connection is taken any more; idle ones are closed, others after their answer. */
  stop(): void;
  /** All connections are cut. */
  cut(): void;
}

/**
 * Opens a server's address. `127.0.0.1` is opened as `::1` as well, where there is one: `localhost` may be either.
 *
 * @param port 0 for any free one.
 * @throws ConfigurationError when it cannot be listened on.
 */
export async function listen(
  live: LiveServer,
  port: number,
  host: string,
  changed: Partial<ConnectionLimits> = {},
): Promise<ListeningServer> {
  const limits = { ...defaultLimits, ...changed };
  const first = createHttp(live, limits);
  const actualPort = await openListener(first, port, host);
  const servers = [first];
  if (host === "127.0.0.1") {
    const second = createHttp(live, limits);
    try {
      await openListener(second, actualPort, "::1");
      servers.push(second);
    } catch (error) {
      if (error instanceof ConfigurationError && errorCode(error.cause) === "EADDRINUSE") {
        first.close();
        throw error;
      }
    }
  }
  return {
    port: actualPort,
    stop: () => servers.forEach((server) => server.close()),
    cut: () => servers.forEach((server) => server.closeAllConnections()),
  };
}

function createHttp(live: LiveServer, { maxConnections, ...limits }: ConnectionLimits): Server {
  const server = createHttpServer(limits, live.listener);
  server.maxConnections = maxConnections;
  server.on("upgrade", (_request, socket) => socket.destroy()).on("connect", (_request, socket) => socket.destroy());
  return server;
}
