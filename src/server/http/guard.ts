import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isLoopback } from "../../sockets/loopback.ts";
import type { ApiError } from "./api-error.ts";

export interface GuardOptions<Client> {
  /** Names beside this machine's own that requests may be for. */
  readonly allowedHosts: readonly string[];
  /** Addresses of pages whose scripts may ask. */
  readonly allowedOrigins: readonly string[];
  /** What clients have to know, and who it is then. */
  readonly tokens: readonly { readonly client: Client; readonly token: string }[];
  /** Who it is where no token is needed. */
  readonly anyone: Client | undefined;
}

/** Of one peer, before it is told to wait. */
const maxWrongTokensPerSecond = 10;

/** Lets in who may come in: the right name, no page of a browser, the token. */
export class Guard<Client extends object> {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #clients: readonly { readonly client: Client; readonly digest: Buffer }[];
  readonly #anyone: Client | undefined;
  /** Of the last request that was for one of them, as its header had it. */
  #lastHost: string | undefined;
  readonly #wrong = new Map<string, { second: number; count: number }>();

  constructor({ allowedHosts, allowedOrigins, tokens, anyone }: GuardOptions<Client>) {
    this.#hosts = new Set(allowedHosts.map((name) => name.toLowerCase()));
    this.#origins = new Set(allowedOrigins);
    this.#clients = tokens.map(({ client, token }) => ({ client, digest: digest(token) }));
    this.#anyone = anyone;
  }

  /** Against pages that call themselves this machine (DNS rebinding), and pages that send here without reading (no preflight is needed). */
  refuseStranger({ rawHeaders, headers }: IncomingMessage): ApiError | undefined {
    let hosts = 0;
    for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at])) hosts += 1;
    if (hosts !== 1 || !this.#isKnownBy(headers.host))
      return forbidden("host_not_allowed", "This server is not known by that name. --allow-host NAME adds one");
    const { origin, "sec-fetch-site": site } = headers;
    if (this.allowsOrigin(origin)) return undefined;
    const isOfPage = origin !== undefined || (site !== undefined && site !== "none" && site !== "same-origin");
    if (isOfPage)
      return forbidden("origin_not_allowed", "Pages of browsers may not ask here. --allow-origin URL lets those of one in");
    return undefined;
  }

  #isKnownBy(host: string | undefined): boolean {
    if (host === undefined) return false;
    if (host === this.#lastHost) return true;
    const name = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
    if (name === undefined || !(isLoopback(name) || this.#hosts.has(name))) return false;
    this.#lastHost = host;
    return true;
  }

  allowsOrigin(origin: string | undefined): origin is string {
    return origin !== undefined && this.#origins.has(origin);
  }

  /** Compares with all of them, so that the time it takes tells nothing of where it stands. */
  #clientOf(given: readonly Buffer[]): Client | undefined {
    let found: Client | undefined;
    for (const known of this.#clients) for (const one of given) if (timingSafeEqual(one, known.digest)) found ??= known.client;
    return found;
  }

  /** @returns the client whose token it sends. */
  identify({ headers, socket }: IncomingMessage): Client | ApiError {
    if (this.#anyone !== undefined) return this.#anyone;
    const given = [headers["x-api-key"], /^bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1]].filter(
      (one) => typeof one === "string",
    );
    const client = this.#clientOf(given.map(digest));
    if (client !== undefined) return client;
    const peer = socket.remoteAddress ?? "";
    const second = Math.floor(performance.now() / 1000);
    const known = this.#wrong.get(peer);
    const count = known?.second === second ? known.count + 1 : 1;
    if (this.#wrong.size > 1000) this.#wrong.clear();
    this.#wrong.set(peer, { second, count });
    if (count > maxWrongTokensPerSecond)
      return {
        status: 429,
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
        message: "Too many wrong tokens",
        retryAfterMs: 1000,
        isWorthRetrying: false,
      };
    const message = given.length === 0 ? "A token is needed: as a bearer, or as x-api-key" : "The token is wrong";
    const headersOut = { "www-authenticate": "Bearer" };
    return {
      status: 401,
      type: "invalid_request_error",
      code: "invalid_api_key",
      message,
      headers: headersOut,
      isWorthRetrying: false,
    };
  }
}

function isHost(name: string | undefined): boolean {
  return name !== undefined && name.length === 4 && name.toLowerCase() === "host";
}

function forbidden(code: string, message: string): ApiError {
  return { status: 403, type: "invalid_request_error", code, message };
}

/** Digests are compared in constant time, whatever their texts' lengths. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
