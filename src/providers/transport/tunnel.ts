import { Socket } from "node:net";
import type { Pool } from "undici";
import { type Connector, connectTimeoutMs, connectToProxy } from "./connector.ts";
import { loadWholeUndici } from "./load-undici.ts";
import type { ProxyServer } from "./proxy.ts";
import { TransportError } from "../failures/transport-error.ts";

/**
 * Opens connections to an https server through a proxy's tunnels (RFC 9110, 9.3.6). The proxy learns the server's host and port and
 * nothing else: TLS is agreed on with the server itself, whose certificate is checked as without a proxy.
 *
 * undici's `ProxyAgent` is not used: of a proxy that refuses it tells no status, and to one at an IP address it sends that as SNI, about
 * which Node warns.
 */
export class Tunnels {
  readonly #proxy: ProxyServer;
  readonly #authority: string;
  readonly #connect: Connector;
  readonly #connectProxy: Connector;
  #pool: Pool | undefined;

  /** @param authority Host and port of the server. */
  constructor(proxy: ProxyServer, authority: string, connect: Connector, connectProxy: Connector) {
    this.#proxy = proxy;
    this.#authority = authority;
    this.#connect = connect;
    this.#connectProxy = connectToProxy(proxy, connectProxy);
  }

  readonly connector: Connector = (options, callback) => {
    const { authorization } = this.#proxy;
    const headers = { host: this.#authority, ...(authorization !== undefined && { "proxy-authorization": authorization }) };
    this.#pool ??= this.#openPool();
    this.#pool.connect({ path: this.#authority, headers }, (error, tunnel) => {
      if (error !== null) return callback(error, null);
      const { statusCode, socket } = tunnel;
      if (statusCode >= 200 && statusCode <= 299 && socket instanceof Socket)
        return this.#connect({ ...options, httpSocket: socket }, callback);
      socket.on("error", () => {}).destroy();
      callback(refusal(statusCode), null);
    });
  };

  #openPool(): Pool {
    const { Pool } = loadWholeUndici();
    return new Pool(this.#proxy.origin, { connect: this.#connectProxy, headersTimeout: connectTimeoutMs });
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}

function refusal(statusCode: number): Error {
  if (statusCode === 407) return new TransportError("ERR_PROXY_AUTHENTICATION");
  return new TransportError(statusCode >= 500 ? "ERR_PROXY_UNAVAILABLE" : "ERR_PROXY_REFUSED");
}
