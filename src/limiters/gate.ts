import type { Attempt } from "../model/attempt.ts";
import type { Asker } from "../model/demand.ts";
import type { Failure } from "../model/failure.ts";
import type { LimitSource, Weights } from "../model/rate-limit.ts";
import type { Blocker } from "./limiter.ts";

/** Why a request may not start now. */
export interface BlockedBy {
  readonly reason: Exclude<Blocker, "nothing">;
  /** After which it is worth looking again; undefined where an event ends it. */
  readonly waitMs?: number;
  /** How much is allowed: in the limit's period, or in flight. */
  readonly amount?: number;
  /** Of a limit. */
  readonly source?: LimitSource;
  /** Of a pause: what the server said. Of several targets, only where all of them pause. */
  readonly rejection?: Failure;
}

/** Who would start. */
export interface Starter {
  readonly asker: Asker;
  /** It is of a batch, and live clients ask: some slots stay free for them. */
  readonly leavesSlots: boolean;
}

/** A request that would start at a target. */
export interface Start extends Starter {
  readonly weights: Weights;
  /** The model's attempts in flight there. */
  readonly inFlight: number;
  /** Those of batches among them. */
  readonly batchInFlight: number;
  /** Whether the request could go elsewhere if this target fails. */
  readonly hasStandIn: boolean;
}

/** A request that started. */
export interface Started extends Start {
  readonly atMs: number;
  /** The number of the last pause by then. */
  readonly episode: number;
  /** Gives its asker back what was not used; undefined where none waits beside it. */
  readonly settle: ((unused: Weights) => void) | undefined;
}

/** What came of it. */
export interface Ended {
  readonly attempt: Attempt;
  readonly start: Started;
  /** What it had reserved and not used. */
  readonly unused: Weights;
  /** The model's attempts that were in flight with it. */
  readonly inFlight: number;
}

/** One policy of a target, and one reason to wait. */
export interface Gate {
  /** @returns undefined if the request may start, as far as this gate is concerned. */
  blockedBy?(start: Start): BlockedBy | undefined;
  started?(start: Start): void;
  ended?(ended: Ended): void;
}
