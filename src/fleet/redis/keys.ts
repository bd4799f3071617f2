import { fleetProtocol } from "../wire/protocol.ts";
import type { Seal } from "../wire/seal.ts";

/** The names of what stands in Redis. */
export class FleetKeys {
  readonly prefix: string;
  /** Workers of another protocol, or with another secret, take from another queue. */
  readonly queue: string;

  constructor(prefix: string, seal: Seal) {
    this.prefix = prefix;
    this.queue = ["chunks", fleetProtocol, ...(seal.check === undefined ? [] : [seal.check])].join("-");
  }

  /** Of a job: BullMQ's own. */
  job(id: string): string {
    return `${this.prefix}:${this.queue}:${id}`;
  }

  /** Which worker has a job: BullMQ's own. */
  lock(id: string): string {
    return `${this.job(id)}:lock`;
  }

  /** The answers to a chunk's lines. */
  answers(run: string, chunk: string): string {
    return `${this.prefix}:answers:${run}:${chunk}`;
  }

  /** How often each line of a chunk that ends workers was begun. */
  begun(run: string, chunk: string): string {
    return `${this.prefix}:begun:${run}:${chunk}`;
  }

  /** Ids of the run's jobs that are not acknowledged. */
  jobs(run: string): string {
    return `${this.prefix}:jobs:${run}`;
  }

  /** Which coordinator has the run. */
  lease(run: string): string {
    return `${this.prefix}:lease:${run}`;
  }

  directory(kind: "workers" | "runs"): readonly [times: string, entries: string] {
    return [`${this.prefix}:${kind}:until`, `${this.prefix}:${kind}`];
  }
}

/** Redis drops the keys of an abandoned run after a week. */
export const maxKeptSeconds: number = 7 * 24 * 3600;
