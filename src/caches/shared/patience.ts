import { setTimeout as sleep } from "node:timers/promises";
import { CacheError, messageOf } from "../../model/errors.ts";
import { withTimeout } from "./with-timeout.ts";

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
 * Asks again what a server did not do, until it is back or was away for too long: what was paid for waits meanwhile. From then on everything
 * fails at once.
 */
export class Patience {
  readonly #shown: string;
  readonly #onWarning: (message: string) => void;
  readonly #timeoutMs: number;
  readonly #maxAwayMs: number;
  #awaySince: number | undefined;
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
    for (let tries = 1; ; tries += 1) {
      if (this.#broken !== undefined) throw this.#broken;
      try {
        const value = await withTimeout(work(), Math.min(this.#timeoutMs * 2 ** (tries - 1), maxTimeoutMs));
        this.#isBack();
        return value;
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        this.#isAway(error, tries);
        await sleep(Math.min(firstDelayMs * 2 ** (tries - 1), maxDelayMs));
      }
    }
  }

  #isAway(error: CacheError, tries: number): void {
    this.#awaySince ??= performance.now();
    const seconds = Math.round(this.#maxAwayMs / 1000);
    const reason = messageOf(error.cause ?? error);
    if (performance.now() - this.#awaySince >= this.#maxAwayMs)
      this.#broken = new CacheError(`The cache ${this.#shown} has not answered for ${seconds} s: ${reason}.`, { cause: error });
    else if (tries >= triesBeforeWarning && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#onWarning(
        `the cache ${this.#shown} does not answer (${reason}): answers wait until it is back; after ${seconds} s the run stops`,
      );
    }
  }

  #isBack(): void {
    this.#awaySince = undefined;
    if (!this.#hasWarned) return;
    this.#hasWarned = false;
    this.#onWarning(`the cache ${this.#shown} is back`);
  }
}
