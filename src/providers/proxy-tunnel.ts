import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Connect, connectTimeoutMs, HttpError, type OnConnected, tlsOptions } from "../http/http-client.ts";
import type { Proxy } from "./proxy.ts";

/**
 * Opens connections to an https server through a proxy's tunnels. The proxy learns the server's host and port, and nothing of what
 * is said: TLS is agreed on with the server itself, whose certificate is checked as without a proxy.
 *
 * @param hostname Of the server, without brackets.
 * @param authority Host and port of the server.
 * @returns a connector for the HTTP client. Its errors have the codes of Node, or `ERR_PROXY_…`.
 */
export function tunnelThrough(proxy: Proxy, hostname: string, authority: string): Connect {
  return (onBytes, onConnected) => {
    const attempt = new TunnelAttempt(onConnected);
    const asking = askForTunnel(proxy, authority);
    attempt.uses(asking);
    asking.once("connect", ({ statusCode = 0 }, socket) => {
      attempt.uses(socket);
      if (statusCode < 200 || statusCode > 299) attempt.fail(refusal(statusCode));
      else attempt.secure(startTls(socket, hostname).on("data", onBytes));
    });
    // A proxy that answers as if it were asked for a page.
    asking.once("response", ({ statusCode = 0 }) => attempt.fail(refusal(statusCode)));
    asking.end();
    return () => attempt.fail(new HttpError("ERR_CLIENT_CLOSED"));
  };
}

/** Calls back once, whatever happens first; what was opened in vain is closed. */
class TunnelAttempt {
  readonly #callback: OnConnected;
  readonly #timer: NodeJS.Timeout;
  readonly #opened: (ClientRequest | Socket)[] = [];
  #isOver = false;

  constructor(callback: OnConnected) {
    this.#callback = callback;
    this.#timer = setTimeout(() => this.fail(new HttpError("ERR_CONNECT_TIMEOUT")), connectTimeoutMs);
  }

  uses(opened: ClientRequest | Socket): void {
    this.#opened.push(opened);
    opened.on("error", (error: Error) => this.fail(error));
  }

  secure(socket: TLSSocket): void {
    this.uses(socket);
    socket.once("secureConnect", () => {
      if (!this.#end()) return;
      socket.setNoDelay(true).setKeepAlive(true, 60_000);
      this.#callback(socket);
    });
    socket.once("close", () => this.fail(coded("ECONNRESET")));
  }

  fail(error: Error): void {
    if (!this.#end()) return;
    for (const opened of this.#opened) opened.destroy();
    this.#callback(error);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    return true;
  }
}

function askForTunnel({ hostname, port, isTls, authorization }: Proxy, authority: string): ClientRequest {
  const request = isTls ? requestHttps : requestHttp;
  return request({
    host: hostname,
    port,
    method: "CONNECT",
    path: authority,
    agent: false,
    headers: { host: authority, ...(authorization !== undefined && { "proxy-authorization": authorization }) },
  });
}

function startTls(socket: Socket, hostname: string): TLSSocket {
  return connectTls({ socket, host: hostname, ...tlsOptions(hostname) });
}

function refusal(statusCode: number): Error {
  if (statusCode === 407) return coded("ERR_PROXY_AUTHENTICATION");
  return coded(statusCode >= 500 ? "ERR_PROXY_UNAVAILABLE" : "ERR_PROXY_REFUSED");
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
