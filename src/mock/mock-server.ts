import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { UsageError } from "../model/errors.ts";
import type { MockStats } from "./ledger.ts";
import { PracticeProvider } from "./practice-provider.ts";
import type { MockServerOptions, MockSettings } from "./settings.ts";
import { readSettings } from "./settings.ts";

export type { MockStats } from "./ledger.ts";
export type { MockServerOptions } from "./settings.ts";

export interface MockServer {
  /** Base URL for clients: `http://127.0.0.1:4010/v1`. */
  readonly url: string;
  readonly port: number;
  stats(): MockStats;
  /** Stops listening and cuts all connections, those that wait for an answer too. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts the practice provider: an OpenAI-shaped server that needs no key, asks no model, keeps rate limits and can fail on
 * purpose. Chat completions (plain and streamed), embeddings, the model list, and `GET /stats` for what it saw. The same request
 * and seed get the same bytes in every run.
 *
 * @throws UsageError if an option has a value it cannot have, or the address cannot be listened on (port in use).
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const settings = readSettings(options);
  const practice = new PracticeProvider(settings);
  const server = createServer(connectionLimits, (request, response) => practice.handle(request, response));
  server.setTimeout(settings.latencyMs + settings.jitterMs + stalledMs);
  const sockets = trackSockets(server);
  const port = await listen(server, settings);
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host}:${port}/v1`,
    port,
    stats: () => practice.stats(),
    close: () => (closed ??= close(server, sockets)),
  };
}

/** A client that takes longer than this over one request, or reads nothing of its answer for so long, is cut off. */
const stalledMs = 120_000;
const connectionLimits = {
  headersTimeout: 30_000,
  requestTimeout: stalledMs,
  /** Long, so that a client's pause is not punished by a connection that closes just as the next request is on its way. */
  keepAliveTimeout: 75_000,
};
/** Connections that may knock at once; a client may open thousands in one go. */
const backlog = 4096;

function listen(server: Server, { port, host }: MockSettings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen({ port, host, backlog }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): UsageError {
  const reason =
    error.code === "EADDRINUSE"
      ? "is in use; choose another port, or 0 for any free one"
      : `cannot be listened on: ${error.message}`;
  return new UsageError(`Port ${port} on ${host} ${reason}.`, { cause: error });
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** Waits for the sockets, not for the server alone: only then has every waiting call noticed, and the statistics are final. */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const allClosed = [...sockets].map((socket) => new Promise<void>((resolve) => socket.on("close", () => resolve())));
  const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await Promise.all([serverClosed, ...allClosed]);
}
