import { isIP } from "node:net";
import type { Redis } from "ioredis";
import { ConfigurationError, errorCode, messageOf } from "../../model/errors.ts";
import type { FleetAddress } from "./address.ts";
import type { FleetPackages } from "./packages.ts";

const maxRetryDelayMs = 2_000;
const keepAliveMs = 5_000;
/** A connection that is waited for and brings nothing is given up: it may lead nowhere since a router forgot it. Blocking reads take 5 s. */
const silenceMs = 20_000;

/** How ioredis is told to behave, for the connections that BullMQ opens, too. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: { readonly servername?: string };
  readonly maxRetriesPerRequest: null;
  readonly retryStrategy: (times: number) => number | null;
  readonly keepAlive: number;
  readonly socketTimeout: number;
  readonly reconnectOnError: (error: Error) => false | 2;
}

/**
 * Every connection of a fleet comes back by itself, and what was asked meanwhile waits.
 *
 * @param closing Ends that: BullMQ's own end waits for a Redis that is away, and its connections would keep the process alive.
 */
export function connectionOptions(address: FleetAddress, closing?: AbortSignal): ConnectionOptions {
  const { hostname: host, port, username, password, database: db, isEncrypted } = address;
  return {
    host,
    port,
    ...(username !== "" && { username }),
    ...(password !== "" && { password }),
    db,
    // A name is told to the server, which may have several; an address is not to be.
    ...(isEncrypted && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (closing?.aborted ? null : Math.min(50 * 2 ** times, maxRetryDelayMs)),
    keepAlive: keepAliveMs,
    socketTimeout: silenceMs,
    // A replica that was the primary until a moment ago: the address leads elsewhere by now.
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
  };
}

/** What Redis says to those that it does not let in. */
const refusals = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:AUTH|invalid password|DB index))/;
/** OpenSSL's for certificates that are not trusted, or not the host's. */
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO|ISSUER/;

/**
 * Connects. Says once that Redis is away, and that it is back; waits for one that is not there yet.
 *
 * @throws ConfigurationError where it does not let this program in.
 */
export async function connect({ Redis }: FleetPackages, address: FleetAddress, say: (message: string) => void): Promise<Redis> {
  const client = new Redis({ ...connectionOptions(address), enableAutoPipelining: true, replyMapping: "legacy" });
  let isAway = false;
  let wasThere = false;
  const leave = (why: string): void => {
    const missing = `cannot be reached${why}: is the address right, and does ${servedBy(address)} run there? Waiting for it`;
    if (!isAway) say(`${address.shown} ${wasThere ? `is away${why}; going on when it is back` : missing}`);
    isAway = true;
  };
  let problem: unknown;
  client.on("error", (error: unknown) => {
    problem = error;
  });
  client.on("close", () => {
    if (client.status !== "end") leave(describe(problem));
  });
  await new Promise<void>((resolve, reject) => {
    client.once("ready", () => resolve());
    const refuse = (error: unknown): void => {
      const why = whyRefused(error);
      if (why === undefined) return;
      client.disconnect();
      reject(new ConfigurationError(`${address.shown} ${why}`, { cause: error }));
    };
    client.on("error", refuse);
    client.once("ready", () => client.off("error", refuse));
  });
  if (isAway) say(`${address.shown} is there`);
  isAway = false;
  wasThere = true;
  client.on("ready", () => {
    if (isAway) say(`${address.shown} is back`);
    isAway = false;
  });
  return client;
}

/** Without an `s`, or with it, at a server that speaks the other: connections come to nothing. */
function servedBy({ isEncrypted }: FleetAddress): string {
  return isEncrypted ? "a Redis with TLS" : "a Redis without TLS";
}

/** Other users of a machine see its command lines. */
const whereNamed = "user and password stand before the host of its address, which LLMBATCH_QUEUE may hold";

/** Undefined for what may pass. */
function whyRefused(error: unknown): string | undefined {
  const message = messageOf(error);
  if (message.startsWith("NOAUTH")) return `asks for a password: ${whereNamed}`;
  if (refusals.test(message)) return `does not let llmbatch in: ${message.replace(/\.$/, "")}; ${whereNamed}`;
  if (!certificateCodes.test(errorCode(error) ?? "")) return undefined;
  return `has a certificate that is not trusted (${message}); for an authority of your own set NODE_EXTRA_CA_CERTS to its file`;
}

function describe(problem: unknown): string {
  if (problem === undefined) return "";
  return ` (${errorCode(problem) ?? messageOf(problem)})`;
}
