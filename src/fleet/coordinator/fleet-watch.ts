import { presenceMs } from "../redis/directory.ts";
import { mismatchWith, type WorkerPresence } from "../wire/presence.ts";
import type { Seal } from "../wire/seal.ts";

/** A worker that died is believed to be there for 4 s, and looked for each second: so it is said 10 s after the last one's end. */
const silentMs = 4_500;

/** What the coordinator knows of its workers. */
export class FleetWatch {
  readonly #name: string;
  readonly #seal: Seal;
  readonly #say: (message: string) => void;
  readonly #refused = new Set<string>();
  #workers: readonly WorkerPresence[] = [];
  /** Since when there is none, in monotonic milliseconds. */
  #alone: number | undefined;
  #isToldAlone = false;

  /** @param name Of the Redis where workers are to come to. */
  constructor(name: string, seal: Seal, say: (message: string) => void) {
    this.#name = name;
    this.#seal = seal;
    this.#say = say;
    // As after the end of a last worker.
    this.#alone = performance.now() + presenceMs;
  }

  get workers(): number {
    return this.#workers.length;
  }

  get inFlight(): number {
    return this.#workers.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Lines that all workers may have in flight. */
  get concurrency(): number {
    return this.#workers.reduce((sum, { concurrency }) => sum + concurrency, 0);
  }

  /** Called each second, as long as Redis is there. */
  observe(all: readonly WorkerPresence[]): void {
    this.#workers = all.filter((worker) => {
      const mismatch = mismatchWith("the worker", worker, this.#seal);
      if (mismatch !== undefined && !this.#refused.has(worker.name)) this.#say(mismatch);
      if (mismatch !== undefined) this.#refused.add(worker.name);
      return mismatch === undefined;
    });
    if (this.#workers.length > 0) {
      if (this.#isToldAlone) this.#say(this.workers === 1 ? "a worker has come" : `${this.workers} workers have come`);
      this.#isToldAlone = false;
      this.#alone = undefined;
      return;
    }
    this.#alone ??= performance.now();
    if (this.#isToldAlone || performance.now() - this.#alone < silentMs) return;
    this.#isToldAlone = true;
    this.#say(`no workers at ${this.#name}: waiting for one (llmbatch worker --queue …)`);
  }
}
