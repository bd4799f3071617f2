import { createHash } from "node:crypto";
import type { RateLimitStatus } from "../../limiters/limiters.ts";
import type { RequestManager } from "../../manager/manager.ts";
import type { Band } from "../../model/demand.ts";
import { type ApiError, busy } from "../http/api-error.ts";
import { forecastMs } from "./forecast.ts";

interface WaitingRoomOptions {
  readonly manager: RequestManager;
  /** How long a request may wait to be sent. */
  readonly maxWaitMs: number;
  /** How many may wait. */
  readonly maxWaiting: number;
}

/** A client that comes back for the same request within this time keeps its place. */
const keptMs = 60_000;
const maxKept = 10_000;

/** Decides at the door who may wait: as long as it is likely that the wait ends in time. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Requests whose clients left while they waited, and when. */
  readonly #left = new Map<string, number>();

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  /** @param clientPatienceMs What the client says that it will wait; undefined where it does not. */
  patienceOf(clientPatienceMs: number | undefined): number {
    const { maxWaitMs } = this.#options;
    return clientPatienceMs === undefined ? maxWaitMs : Math.min(maxWaitMs, 0.8 * clientPatienceMs);
  }

  /** Refuses at once what could not be sent in time. @param targets Of its model. @param waitingHere Of all clients. @returns undefined where it may wait. */
  refuse(targets: readonly RateLimitStatus[], patienceMs: number, band: Band, waitingHere: number): ApiError | undefined {
    const { manager, maxWaiting } = this.#options;
    if (waitingHere >= maxWaiting) return busy("queue_full", `${waitingHere} requests wait already`, 1_000);
    const [target] = targets;
    if (target === undefined) return undefined;
    const { waiting, waitingLive = waiting } = manager.limiterStatus();
    // Batches do not stand before a live request.
    const ahead = band === "live" ? ([target.waitingLive, waitingLive] as const) : ([target.waiting, waiting] as const);
    const waitMs = forecastMs(targets, ...ahead);
    if (waitMs <= patienceMs) return undefined;
    return busy(
      "rate_limit_exceeded",
      `The limits let this request through in some ${Math.ceil(waitMs / 1000)} s, which is too late`,
      waitMs - patienceMs,
    );
  }

  /** A client left, or was sent away, while its request waited. */
  leave(client: string, body: string): void {
    if (this.#left.size >= maxKept) this.#left.clear();
    this.#left.set(digest(client, body), performance.now());
  }

  /** Whether a request that comes again waited before. */
  returns(client: string, body: string): boolean {
    const key = digest(client, body);
    const leftAt = this.#left.get(key);
    this.#left.delete(key);
    return leftAt !== undefined && performance.now() - leftAt <= keptMs;
  }
}

function digest(client: string, body: string): string {
  return createHash("sha256").update(`${client}\n`).update(body).digest("base64url");
}
