import { createServer } from "node:http";
import type { MockStats } from "./ledger.ts";
import { Listener } from "./listener.ts";
import { Outage } from "../faults/outage.ts";
import { MockProvider } from "./mock-provider.ts";
import { type MockServerOptions, readSettings } from "../settings.ts";

/** A mock provider that listens. */
export interface MockServer {
  /** Base URL for clients: `http://127.0.0.1:4010/v1`. */
  readonly url: string;
  readonly port: number;
  /** What it saw so far. */
  stats(): MockStats;
  /** Stops listening and cuts all connections, those that wait for an answer too. Safe to call again. */
  close(): Promise<void>;
}

/** A client that takes longer than this over one request, or reads nothing of its answer for so long, is cut off. */
const stalledMs = 120_000;
const connectionLimits = {
  headersTimeout: 30_000,
  requestTimeout: stalledMs,
  /** Long, so that a client's pause is not punished by a connection that closes just as the next request is on its way. */
  keepAliveTimeout: 75_000,
};

/**
 * Starts the mock provider: a server that needs no key, asks no model, keeps rate limits by the rules of a real provider, and
 * can fail on purpose. Chat completions, responses and Anthropic's messages (plain and streamed), embeddings, the model list, and
 * `GET /stats` for what it saw. The same request and seed get the same bytes in every run.
 *
 * @throws ConfigurationError if an option has a value it cannot have, or the address cannot be listened on (port in use).
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const settings = readSettings(options);
  const server = createServer(connectionLimits);
  const listener = new Listener(server, settings.port, settings.host);
  const outage = new Outage(settings.outage, listener);
  const provider = new MockProvider(settings, outage);
  server.on("request", (request, response) => provider.handle(request, response));
  server.setTimeout(settings.latencyMs + settings.jitterMs + stalledMs);
  await listener.open();
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host}:${listener.port}/v1`,
    port: listener.port,
    stats: () => provider.stats(),
    close: () => {
      outage.cancel();
      return (closed ??= listener.close());
    },
  };
}
