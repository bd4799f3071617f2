import type { IncomingMessage, ServerResponse } from "node:http";
import { checkServerOptions } from "./check-server-options.ts";
import { type ApiError, shuttingDown, unknownModel } from "./http/api-error.ts";
import { type Endpoint, findEndpoint } from "./http/endpoint.ts";
import { Cors } from "./http/cors.ts";
import { Client } from "./clients/client.ts";
import { Clients } from "./clients/clients.ts";
import { Guard } from "./http/guard.ts";
import { RequestIds } from "./http/request-ids.ts";
import { Bodies } from "./http/read-body.ts";
import type { LiveContext, ResponseTimes } from "./live/live-context.ts";
import { LiveExchange } from "./live/live-exchange.ts";
import { LiveResponse } from "./live/live-response.ts";
import { WaitingRoom } from "./live/waiting-room.ts";
import { ServerMetrics } from "./pages/metrics.ts";
import { modelDescription, modelList } from "./pages/models.ts";
import type { ServerOptions } from "./server-options.ts";

const defaultMaxQueueWaitMs = 240_000;
const defaultMaxQueue = 1_000;
/** nginx cuts after 60 s of silence. */
const defaultTimes: ResponseTimes = { firstMs: 10_000, everyMs: 15_000, stalledMs: 60_000 };

/** Answers clients of OpenAI's and Anthropic's APIs. */
export interface LiveServer {
  /** For `http.createServer`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Requests whose answers have not gone out whole. */
  readonly open: number;
  /** Requests that were cut short by the end of the server. */
  readonly cut: number;
  /** From now on new requests are refused, and `/health/ready` says so. The manager's `stop()` sends those away that wait. */
  drain(): void;
  /** Resolves when the last answer has gone out, or its client has. */
  idle(): Promise<void>;
}

/**
 * Makes a listener for Node's HTTP server of a manager, so that its clients can ask through it.
 *
 * @param times Of streams that wait, and of readers that do not read. @default after 10 s, every 15 s; 60 s
 * @throws ConfigurationError for an option that does not exist, or cannot be used.
 * @example http.createServer(createServer({ manager }).listener).listen(8000, "127.0.0.1")
 */
export function createServer(options: ServerOptions, times: Partial<ResponseTimes> = {}): LiveServer {
  checkServerOptions(options);
  return new Server(options, { ...defaultTimes, ...times });
}

class Server implements LiveServer {
  open = 0;
  cut = 0;
  readonly #options: ServerOptions;
  readonly #guard: Guard<Client>;
  readonly #cors: Cors;
  readonly #clients: Clients;
  readonly #ids = new RequestIds();
  readonly #metrics = new ServerMetrics();
  readonly #context: LiveContext;
  #isDraining = false;
  #onIdle: (() => void)[] = [];

  constructor(options: ServerOptions, times: ResponseTimes) {
    const { manager, maxQueueWaitMs = defaultMaxQueueWaitMs, maxQueue = defaultMaxQueue } = options;
    const { allowedHosts = [], allowedOrigins = [], token, keepAlive = true, liveCache = "off", clients = {} } = options;
    this.#options = options;
    this.#clients = new Clients({ token, clients, maxWaiting: maxQueue, clock: () => performance.now() });
    this.#guard = new Guard({ allowedHosts, allowedOrigins, ...this.#clients.secrets });
    this.#cors = new Cors(allowedOrigins);
    this.#context = {
      manager,
      metrics: this.#metrics,
      bodies: new Bodies(),
      waitingRoom: new WaitingRoom({ manager, maxWaitMs: maxQueueWaitMs, maxWaiting: maxQueue }),
      keepAlive: keepAlive ? times : undefined,
      stalledMs: times.stalledMs,
      countWaiting: () => this.#clients.waiting,
      liveCache,
      isDraining: () => this.#isDraining,
      onCut: () => {
        this.cut += 1;
      },
    };
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const id = this.#ids.next();
    const endpoint = findEndpoint(request.method ?? "", request.url ?? "");
    const family = "family" in endpoint ? endpoint.family : "openai";
    const path = endpoint.kind === "api" ? endpoint.path : "";
    const reply = new LiveResponse(response, path, family, id, this.#context.stalledMs);
    // Each request of a connection listens for its end, and clients may send any number of them before the first is answered.
    if (request.socket.getMaxListeners() > 0) request.socket.setMaxListeners(0);
    void this.#serve(endpoint, request, response, reply, id);
  };

  drain(): void {
    this.#isDraining = true;
  }

  async idle(): Promise<void> {
    if (this.open > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async #serve(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
    reply: LiveResponse,
    id: string,
  ): Promise<void> {
    this.open += 1;
    const labels: Labels = { endpoint: labelOf(endpoint) };
    let status = 500;
    try {
      status = await this.#answer(endpoint, request, response, reply, id, labels);
    } catch {
      response.destroy();
    }
    labels["status"] = String(status);
    this.#metrics.requests.add(labels);
    await sentOf(request, response);
    this.open -= 1;
    if (this.open === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #answer(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
    reply: LiveResponse,
    id: string,
    labels: Labels,
  ): number | Promise<number> {
    const { origin } = request.headers;
    const shared = this.#cors.headersFor(origin);
    for (const name in shared) response.setHeader(name, shared[name] ?? "");
    const stranger = this.#guard.refuseStranger(request);
    if (stranger !== undefined) return this.#refuse(reply, stranger);
    if (endpoint.kind === "options") return reply.sendNothing({ allow: endpoint.allow });
    if (endpoint.kind === "root" || endpoint.kind === "health") return this.#health(reply);
    if (endpoint.kind === "ready") return this.#readiness(reply);
    const client = this.#guard.identify(request);
    if (!(client instanceof Client)) return this.#refuse(reply, client);
    if (this.#clients.areNamed) labels["client"] = client.name;
    switch (endpoint.kind) {
      case "nowhere":
        return this.#refuse(reply, endpoint.error);
      case "models":
        return this.#models(endpoint.id, reply, client);
      case "metrics":
        return this.#figures(reply);
      case "stats":
        return this.#stats(reply);
      case "api":
        if (this.#isDraining) return this.#refuse(reply, shuttingDown);
        return new LiveExchange(this.#context, { request, response, reply, client, path: endpoint.path, id }).answer();
    }
  }

  #health(reply: LiveResponse): number {
    return reply.send(200, JSON.stringify({ status: "ok", name: "llmbatch", cache: this.#options.manager.liveCacheStatus() }));
  }

  #readiness(reply: LiveResponse): number {
    if (!this.#isDraining) return reply.send(200, JSON.stringify({ status: "ready" }));
    return reply.send(503, JSON.stringify({ status: "shutting_down" }), { "retry-after": "1" });
  }

  #stats(reply: LiveResponse): number {
    const { stats } = this.#options.manager;
    const { inFlight, waiting } = this.#options.manager.limiterStatus();
    return reply.send(200, JSON.stringify({ ...stats.toJSON(), in_flight: inFlight, waiting }));
  }

  #figures(reply: LiveResponse): number {
    const { promptTokens, completionTokens } = this.#options.manager.stats;
    const { inFlight, waiting } = this.#options.manager.limiterStatus();
    const text = this.#metrics.render({ inFlight, waiting, promptTokens, completionTokens });
    return reply.send(200, text, {}, "text/plain; version=0.0.4; charset=utf-8");
  }

  #models(id: string | undefined, reply: LiveResponse, client: Client): number {
    const models = (this.#options.models ?? []).filter((one) => client.mayAsk(one.id));
    const model = models.find((one) => one.id === id);
    if (id !== undefined && model === undefined) return this.#refuse(reply, unknownModel(id));
    return reply.send(200, model === undefined ? modelList(models) : modelDescription(model));
  }

  #refuse(reply: LiveResponse, error: ApiError): number {
    this.#metrics.refused.add({ reason: error.code });
    return reply.fail(error);
  }
}

/** Of a sample: which endpoint, whose request where clients have names, and what came of it. */
type Labels = Record<string, string>;

/** Resolves when the system has all of a response, or the connection is lost: cut before that, it would be short. */
function sentOf({ socket }: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
  const isGone = response.destroyed || socket.destroyed;
  if (isGone || (response.writableEnded && response.writableLength === 0)) return undefined;
  return new Promise((resolve) => {
    const end = (): void => {
      socket.off("close", end);
      resolve();
    };
    response.once("finish", end).once("close", end);
    // Node 20 does not tell a response that waits for the one before it.
    socket.once("close", end);
  });
}

/** Of few and known kinds: a client may ask for anything. */
function labelOf(endpoint: Endpoint): string {
  if (endpoint.kind === "api") return endpoint.path;
  return endpoint.kind === "models" ? "/v1/models" : endpoint.kind;
}
