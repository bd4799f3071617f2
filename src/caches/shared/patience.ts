import { setTimeout as sleep } from "node:timers/promises";
import { CacheError, messageOf } from "../../model/errors.ts";
import { withTimeout } from "./with-timeout.ts";

/** How long a cache is asked that does not answer. */
export interface Persistence {
  /** Whether it was given up: its connection is not closed politely. */
  readonly isBroken: boolean;
  /** Does the work. @throws CacheError when the cache does not do it. */
  persist<Value>(work: () => Promise<Value>): Promise<Value>;
}

export interface PatienceOptions {
  /** For people: the cache's address. */
  readonly shown: string;
  readonly onWarning: (message: string) => void;
  /** For one try; the next has twice as long, because a large answer over a slow line takes its time. @default 500 */
  readonly timeoutMs?: number;
  /** How long the cache may be away. @default 60_000 */
  readonly maxAwayMs?: number;
}

const maxTimeoutMs = 8_000;
const firstDelayMs = 50;
const maxDelayMs = 1_000;
/** A server that restarts behind a proxy fails two tries in 0.2 s: these are not told. */
const triesBeforeWarning = 3;

/**
 * Asks again what a server did not do, until it does or has not for too long: what was paid for waits meanwhile. From then on everything
 * fails at once. Each piece of work has its own time: a full server reads, and never writes.
 */
export class Patience implements Persistence {
  readonly #shown: string;
  readonly #onWarning: (message: string) => void;
  readonly #timeoutMs: number;
  readonly #maxAwayMs: number;
  /** Pieces of work that have failed and are tried again. */
  #waiting = 0;
  #hasWarned = false;
  #broken: CacheError | undefined;

  constructor({ shown, onWarning, timeoutMs = 500, maxAwayMs = 60_000 }: PatienceOptions) {
    this.#shown = shown;
    this.#onWarning = onWarning;
    this.#timeoutMs = timeoutMs;
    this.#maxAwayMs = maxAwayMs;
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** @param work May be begun anew while an earlier try of it is not over. @throws CacheError when the cache is given up. */
  async persist<Value>(work: () => Promise<Value>): Promise<Value> {
    let awaySince: number | undefined;
    try {
      for (let tries = 1; ; tries += 1) {
        if (this.#broken !== undefined) throw this.#broken;
        try {
          return await withTimeout(work(), Math.min(this.#timeoutMs * 2 ** (tries - 1), maxTimeoutMs));
        } catch (error) {
          if (!(error instanceof CacheError)) throw error;
          if (awaySince === undefined) this.#waiting += 1;
          awaySince ??= performance.now();
          this.#failed(error, tries, performance.now() - awaySince);
          await sleep(Math.min(firstDelayMs * 2 ** (tries - 1), maxDelayMs));
        }
      }
    } finally {
      if (awaySince !== undefined) this.#ended();
    }
  }

  #failed(error: CacheError, tries: number, awayMs: number): void {
    const seconds = Math.round(this.#maxAwayMs / 1000);
    const reason = messageOf(error.cause ?? error);
    if (awayMs >= this.#maxAwayMs)
      this.#broken = new CacheError(`The cache ${this.#shown} has not answered for ${seconds} s: ${reason}.`, { cause: error });
    else if (tries >= triesBeforeWarning && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#onWarning(
        `the cache ${this.#shown} does not answer (${reason}): answers wait until it is back; after ${seconds} s the run stops`,
      );
    }
  }

  #ended(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0 || !this.#hasWarned || this.isBroken) return;
    this.#hasWarned = false;
    this.#onWarning(`the cache ${this.#shown} is back`);
  }
}
