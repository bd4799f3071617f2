import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestManager } from "../../manager/manager.ts";
import type { Client } from "../clients/client.ts";
import type { Bodies } from "../http/read-body.ts";
import type { ServerMetrics } from "../pages/metrics.ts";
import type { LiveCacheMode } from "./live-caching.ts";
import type { LiveResponse } from "./live-response.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** What all exchanges of one server share. */
export interface LiveContext {
  readonly manager: RequestManager;
  readonly bodies: Bodies;
  readonly waitingRoom: WaitingRoom;
  /** Requests that wait to be sent, of all clients. */
  readonly countWaiting: () => number;
  readonly metrics: ServerMetrics;
  /** When a stream that waits is opened, and how often its client is told that it still waits; undefined for never. */
  readonly keepAlive: KeepAlive | undefined;
  readonly stalledMs: number;
  /** Of requests that say nothing of it. */
  readonly liveCache: LiveCacheMode;
  /** The server is about to stop: what was not sent yet is refused. */
  readonly isDraining: () => boolean;
  /** Called where the end of the server cuts a request short that was sent. */
  readonly onCut: () => void;
}

export interface KeepAlive {
  readonly firstMs: number;
  readonly everyMs: number;
}

/** Of responses, in milliseconds. */
export interface ResponseTimes extends KeepAlive {
  /** A reader that takes nothing for so long is given up. */
  readonly stalledMs: number;
}

/** A request of a client for an answer, and where that goes. */
export interface LiveCallOfClient {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly reply: LiveResponse;
  readonly client: Client;
  readonly path: string;
  readonly id: string;
}
