import { createRequire } from "node:module";
import { Socket } from "node:net";
import type { KeyvStoreAdapter } from "keyv";
import { ConfigurationError, errorCode } from "../../model/errors.ts";
import type { CacheAddress } from "./cache-address.ts";
import { withTimeout } from "./with-timeout.ts";

/** A connected store of Keyv's. */
export interface OpenedAdapter {
  readonly adapter: KeyvStoreAdapter;
  /** Ends the connection at once, whatever is in flight. Never throws. */
  readonly destroy: () => void;
}

/** What a server that stands still keeps Postgres' connections from being closed. */
const queryTimeoutMs = 30_000;
const maxReconnectDelayMs = 1_000;

/**
 * Connects to the server.
 *
 * @throws ConfigurationError when the package is not installed. What the driver throws when there is no connection.
 */
export function openAdapter(address: CacheAddress, connectTimeoutMs: number): Promise<OpenedAdapter> {
  return address.kind === "redis" ? openRedis(address, connectTimeoutMs) : openPostgres(address, connectTimeoutMs);
}

/**
 * Anything less hides errors (keyv 5.6, @keyv/redis 5.1): with its queue for the time without a connection calls hang, and without `throwOnErrors`
 * `set` says that it stored what it lost.
 */
async function openRedis({ url, shown }: CacheAddress, connectTimeoutMs: number): Promise<OpenedAdapter> {
  const { default: KeyvRedis } = await import("@keyv/redis").catch((error: unknown) => missing("@keyv/redis", shown, error));
  let isConnected = false;
  const reconnectStrategy = (tries: number, cause: Error): number | Error =>
    isConnected ? Math.min(50 * 2 ** tries, maxReconnectDelayMs) : cause;
  const socket = { connectTimeout: connectTimeoutMs, reconnectStrategy };
  const adapter = new KeyvRedis<string>({ url, disableOfflineQueue: true, socket }, { throwOnErrors: true });
  const { client } = adapter;
  const destroy = (): void => void (client.isOpen && client.destroy());
  try {
    await withTimeout<unknown>(client.connect(), connectTimeoutMs); // of a server that stands still, the system takes connections
  } catch (error) {
    destroy();
    throw error;
  }
  isConnected = true;
  return { adapter, destroy };
}

/** What the adapter needs of a pool, which has no types of its own here. */
interface Pool {
  readonly query: (sql: string, values?: unknown) => Promise<{ readonly rows: unknown[] }>;
  readonly on: (event: "error", listener: () => void) => unknown;
  readonly end: () => Promise<void>;
}

/**
 * The adapter's own pool has no listener for errors of connections at rest: a server that goes away would end the process. Nor does `end` end
 * what is in flight, so the connections are ours.
 */
async function openPostgres({ url, shown }: CacheAddress, connectTimeoutMs: number): Promise<OpenedAdapter> {
  const { KeyvPostgres } = await import("@keyv/postgres").catch((error: unknown) => missing("@keyv/postgres", shown, error));
  const pg: unknown = createRequire(import.meta.resolve("@keyv/postgres"))("pg");
  if (!hasPool(pg)) throw new Error("@keyv/postgres has no pool of connections");
  const sockets = new Set<Socket>();
  const stream = (): Socket => {
    const socket = new Socket();
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  };
  const timeouts = { connectionTimeoutMillis: connectTimeoutMs, query_timeout: queryTimeoutMs };
  const pool = new pg.Pool({ connectionString: url, ...timeouts, stream });
  pool.on("error", () => undefined); // the next query says it
  const destroy = (): void => {
    void pool.end().catch(() => undefined); // it is ended already
    for (const socket of sockets) socket.destroy();
  };
  try {
    await pool.query("SELECT 1");
  } catch (error) {
    destroy();
    throw error;
  }
  const PooledPostgres = class extends KeyvPostgres {
    override async connect(): Promise<(sql: string, values?: unknown) => Promise<unknown[]>> {
      return async (sql, values) => (await pool.query(sql, values)).rows;
    }

    override disconnect(): Promise<void> {
      return pool.end();
    }
  };
  return { adapter: new PooledPostgres({ uri: url }), destroy };
}

function hasPool(value: unknown): value is { readonly Pool: new (options: object) => Pool } {
  return typeof value === "object" && value !== null && "Pool" in value && typeof value.Pool === "function";
}

function missing(name: string, shown: string, error: unknown): never {
  if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
  throw new ConfigurationError(
    `the cache ${shown} needs the package ${name}, which is not installed: npm install ${name}, with -g if llmbatch was installed so`,
    { cause: error },
  );
}
