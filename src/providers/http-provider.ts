import type { Dispatcher } from "undici";
import type { Attempt } from "../model/attempt.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import type { Cost, TokenCounting } from "../model/cost.ts";
import { cancelled, type Failure } from "../model/failure.ts";
import { minuteMs } from "../model/rate-limit.ts";
import { createRedact } from "../text/redaction.ts";
import type { BatchRequest } from "../model/request.ts";
import { type BaseUrl, parseBaseUrl, requestPath } from "./base-url.ts";
import { CallsInFlight } from "./transport/calls-in-flight.ts";
import { estimate } from "./estimate.ts";
import { httpProviderOptionNames, type HttpProviderOptions } from "./http-provider-options.ts";
import { addMembers } from "./protocols/add-members.ts";
import { type CallBounds, HttpCall } from "./transport/http-call.ts";
import { refusePlainHttp } from "./plain-http.ts";
import type { Protocol } from "./protocol.ts";
import { anthropicMessages, anthropicTokenCount } from "./protocols/anthropic-messages.ts";
import { plainJson } from "./protocols/plain-json.ts";
import { protocols as allProtocols } from "./protocols/protocols.ts";
import type { Provider, SendOptions } from "./provider.ts";
import { accountOf, buildHeaders, listSecrets, withOwnHeaders } from "./request-headers.ts";
import { ResponseReader } from "./responses/response-reader.ts";
import { createStreamTimes } from "./transport/stream-watch.ts";
import { ByteBudget } from "./transport/byte-budget.ts";
import { ConnectionPool } from "./transport/connection-pool.ts";
import { parseProxy, type ProxyServer } from "./transport/proxy.ts";
import { TlsProbe } from "./transport/tls-probe.ts";
import { checkTls } from "./transport/tls-settings.ts";

const defaultTimeoutMs = 600_000;
const defaultIdleTimeoutMs = 300_000;

/** A file names few paths; beyond, what is known of one is made for each request. */
const maxEndpoints = 1000;

/** Seven of the largest embeddings, 33 MB each, are read at a time; the others wait in their servers. */
const bodiesOfProcess = new ByteBudget(256 * 1024 * 1024);

/**
 * A provider behind an HTTP API. Opens no connection before the first request.
 *
 * @param bodies Bounds what answers take while they are read. Default: 256 MiB for all providers of the process.
 * @throws ConfigurationError for a base URL, key or header that cannot be used, and for plain http to another machine unless that is
 *   allowed. The message does not show the key.
 */
export function createHttpProvider(options: HttpProviderOptions, bodies: ByteBudget = bodiesOfProcess): Provider {
  refuseUnknownOptions("createHttpProvider", options, httpProviderOptionNames);
  return new HttpProvider(options, bodies);
}

/** One protocol at this provider. */
interface Endpoint {
  readonly protocol: Protocol;
  readonly counting: TokenCounting;
  readonly identity: string;
  /** What all its requests have in common, for undici. */
  readonly request: Dispatcher.DispatchOptions & { readonly headers: string[] };
  readonly reader: ResponseReader;
}

class HttpProvider implements Provider {
  readonly name: string;
  readonly baseUrl: string;
  readonly account: string;
  readonly #endpoints: Map<string, Endpoint>;
  readonly #endpointAt: (protocol: Protocol) => Endpoint;
  readonly #takesAnyPath: boolean;
  readonly #bounds: CallBounds;
  readonly #streamsAll: boolean;
  readonly #requestIdHeader: string | undefined;
  readonly #promptPath: string | undefined;
  readonly #connections: ConnectionPool;

  constructor(options: HttpProviderOptions, bodies: ByteBudget) {
    const base = parseBaseUrl(options.baseUrl);
    const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
    if (!options.allowHttp) refusePlainHttp(base);
    this.name = options.name;
    this.baseUrl = base.origin + base.path;
    this.account = accountOf(base, options);
    const build = endpointBuilder(base, proxy, options);
    this.#endpoints = new Map((options.protocols ?? allProtocols).map((protocol) => [protocol.path, build(protocol)]));
    this.#endpointAt = build;
    this.#takesAnyPath = options.takesAnyPath ?? false;
    this.#bounds = {
      calls: new CallsInFlight(options.timeoutMs ?? defaultTimeoutMs),
      streams: createStreamTimes(options.idleTimeoutMs ?? defaultIdleTimeoutMs),
      bodies,
      tlsProbe: base.origin.startsWith("http:") && proxy === undefined ? new TlsProbe(base.origin) : undefined,
    };
    this.#promptPath = options.promptPath;
    this.#streamsAll = options.stream ?? false;
    this.#requestIdHeader = options.requestIdHeader?.toLowerCase();
    const { origin, host: authority } = base;
    if (options.tls !== undefined) checkTls(options.tls);
    this.#connections = new ConnectionPool({ origin, authority, proxy, tls: options.tls, maxConnections: options.connections });
  }

  endpoint(request: BatchRequest): string | undefined {
    return this.#find(request)?.identity;
  }

  refusal(request: BatchRequest): Failure | undefined {
    return this.#find(request) === undefined ? this.#refuse(request) : undefined;
  }

  promptPath(): string | undefined {
    return this.#promptPath;
  }

  estimate(request: BatchRequest): Cost {
    return estimate(request, this.#find(request)?.counting ?? "input");
  }

  send(request: BatchRequest, { signal, requestId, onEvent, keepsAnswer, maySendAgain }: SendOptions): Promise<Attempt> {
    const endpoint = this.#find(request);
    if (endpoint === undefined) return failed(this.#refuse(request));
    if (signal.aborted) return failed(cancelled("cancelled before it was sent"));
    const { reader, protocol } = endpoint;
    const askForStream = (this.#streamsAll || onEvent !== undefined) && protocol.streaming !== undefined;
    const body = askForStream ? addMembers(request.body, "stream", protocol.streaming.members) : request.body;
    return new Promise((resolve) => {
      const reading = { requestBody: request.body, onEvent, keepsAnswer, maySendAgain };
      const call = new HttpCall(reader, this.#bounds, reading, signal, resolve);
      this.#bounds.calls.add(call);
      const headers = withOwnHeaders(this.#withId(endpoint.request.headers, requestId), request.headers);
      // A member that a spread has not is added before it: behind it, it takes 1.3 µs.
      call.send(this.#connections, { body, ...endpoint.request, headers });
    });
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  #withId(headers: string[], requestId: string | undefined): string[] {
    const name = this.#requestIdHeader;
    return name === undefined || requestId === undefined ? headers : [...headers, name, requestId];
  }

  #refuse({ path }: BatchRequest): Failure {
    const known = [...this.#endpoints.keys()].join(", ");
    const message = `${this.name} has no ${path}: it has ${known}; only at a base URL of your own is any path sent`;
    return { kind: "invalid_request", message, retryable: false };
  }

  #find({ path }: BatchRequest): Endpoint | undefined {
    const known = this.#endpoints.get(path);
    if (known !== undefined) return known;
    const countsTokens = path === anthropicTokenCount.path && this.#endpoints.has(anthropicMessages.path);
    if (!countsTokens && !this.#takesAnyPath) return undefined;
    const endpoint = this.#endpointAt(countsTokens ? anthropicTokenCount : plainJson(path));
    if (this.#endpoints.size < maxEndpoints) this.#endpoints.set(path, endpoint);
    return endpoint;
  }
}

function failed(failure: Failure): Promise<Attempt> {
  return Promise.resolve({ ok: false, failure, isUnbilled: true });
}

/** Requests of plain http are given to the proxy as they are; for https it only makes tunnels. */
function forwardingHeaders(base: BaseUrl, { authorization }: ProxyServer): string[] {
  const host = ["host", new URL(base.origin).host];
  return authorization === undefined ? host : [...host, "proxy-authorization", authorization];
}

function endpointBuilder(
  base: BaseUrl,
  proxy: ProxyServer | undefined,
  options: HttpProviderOptions,
): (protocol: Protocol) => Endpoint {
  const {
    apiKey,
    authorization = "bearer",
    headers = {},
    timeoutMs = defaultTimeoutMs,
    idleTimeoutMs = defaultIdleTimeoutMs,
    endpointIdentity,
    tokenCounting = "sum",
    requestsPeriodMs = minuteMs,
  } = options;
  const redact = createRedact([...listSecrets(apiKey, headers, base.query), ...(proxy?.secrets ?? [])]);
  const forwarding = base.origin.startsWith("http:") ? proxy : undefined;
  const host = proxy === undefined ? base.host : `${base.host} (through the proxy ${proxy.host})`;
  return (protocol) => {
    const path = requestPath(base, protocol);
    return {
      protocol,
      counting: protocol.counting === "sum" ? tokenCounting : protocol.counting,
      identity: endpointIdentity === undefined ? base.origin + path : endpointIdentity + protocol.path,
      request: {
        method: "POST" as const,
        path: forwarding === undefined ? path : base.origin + path,
        headers: [
          ...(forwarding === undefined ? [] : forwardingHeaders(base, forwarding)),
          ...buildHeaders({
            ...(apiKey !== undefined && { apiKey }),
            authorization,
            headers,
            protocolHeaders: protocol.headers,
            requestIdHeader: options.requestIdHeader,
          }),
        ],
      },
      reader: new ResponseReader({ protocol, host, timeoutMs, idleTimeoutMs, requestsPeriodMs, redact }),
    };
  };
}
