import type { RequestManager } from "../manager/manager.ts";
import type { ServerClient } from "./clients/server-client.ts";
import type { LiveCacheMode } from "./live/live-caching.ts";
import type { ServedModel } from "./pages/models.ts";

export interface ServerOptions {
  /** Asks the providers. Its limits, keys, routes and statistics are shared by all clients, and by whatever else uses it. */
  readonly manager: RequestManager;
  /** What `/v1/models` lists. Others are asked for all the same, if the manager's provider serves them. @default none */
  readonly models?: readonly ServedModel[];
  /** What clients must send, as a bearer or as `x-api-key`. @default none is needed */
  readonly token?: string | undefined;
  /**
   * Clients that are told apart, by names of your own: each has its token, its share of what the limits let through, and its own limits. Those
   * that send `token` are another one.
   *
   * @default none
   */
  readonly clients?: Readonly<Record<string, ServerClient>>;
  /** Names that requests may be for, beside those of this machine. @default none */
  readonly allowedHosts?: readonly string[];
  /** Addresses of pages whose scripts may ask (`https://app.example.com`). @default none */
  readonly allowedOrigins?: readonly string[];
  /** How long a request may wait to be sent, in milliseconds. @default 240_000 */
  readonly maxQueueWaitMs?: number;
  /** How many may wait. @default 1000 */
  readonly maxQueue?: number;
  /**
   * What live requests make of the manager's cache, unless their header `x-llmbatch-cache` says otherwise: `write` keeps answers, `on` answers
   * from it, too.
   *
   * @default "off"
   */
  readonly liveCache?: LiveCacheMode;
  /** Whether streams that wait for 10 s are opened and kept alive. @default true */
  readonly keepAlive?: boolean;
}
