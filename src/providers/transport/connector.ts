import { isIP, Socket } from "node:net";
import type { buildConnector } from "undici";
import { TransportError } from "../failures/transport-error.ts";
import { loadUndici } from "./load-undici.ts";
import type { ProxyServer } from "./proxy.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** Opens connections for undici's clients. */
export type Connector = buildConnector.connector;

/** For a connection, and for a proxy to make a tunnel. */
export const connectTimeoutMs = 10_000;

/**
 * For one address of a name that has several; the last one gets what is left of `connectTimeoutMs`. A lost SYN is repeated after 1 s, so
 * that Node's 250 ms give up addresses that answer.
 */
const addressTimeoutMs = 2_500;

/**
 * @param signal Gives up what is being connected: a provider that is closed keeps no process alive. It is not given to the sockets, which
 *   would listen to it, and so be held by it, for as long as it lives (Node 20).
 */
export function createConnector(signal: AbortSignal, tls: TlsSettings): Connector {
  let connect: Connector | undefined;
  return (options, callback) => {
    connect ??= loadUndici().buildConnector({
      ...tls,
      timeout: connectTimeoutMs,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressTimeoutMs,
    });
    const socket: unknown = connect(options, (...outcome) => {
      signal.removeEventListener("abort", giveUp);
      callback(...outcome);
    });
    const giveUp = (): void => void (socket instanceof Socket && socket.destroy(new TransportError("ERR_PROVIDER_CLOSED")));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp);
  };
}

/** Connects to a proxy. Its certificate is asked for by its own name; undici would ask by that of the server behind it. */
export function connectToProxy({ hostname }: ProxyServer, connect: Connector): Connector {
  const servername = isIP(hostname) === 0 ? hostname : "";
  return (options, callback) => connect({ ...options, servername }, callback);
}
