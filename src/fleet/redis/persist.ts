import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../model/errors.ts";

const retryMs = 1_000;

/**
 * Does what must not be lost until Redis takes it: full, loading, or a replica for now. What is away is waited for by the connection itself.
 */
export class Persistence {
  readonly #say: (message: string) => void;
  /** Ends waits: the program ends. */
  readonly #signal: AbortSignal;
  #isRefused = false;

  constructor(say: (message: string) => void, signal: AbortSignal) {
    this.#say = say;
    this.#signal = signal;
  }

  async persist<Value>(task: () => Promise<Value>): Promise<Value> {
    for (;;) {
      try {
        const value = await task();
        if (this.#isRefused) this.#say("Redis takes what it is sent again");
        this.#isRefused = false;
        return value;
      } catch (error) {
        if (this.#signal.aborted) throw error;
        if (!this.#isRefused) this.#say(`Redis does not take what it is sent, trying again each second: ${messageOf(error)}`);
        this.#isRefused = true;
        await sleep(retryMs, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }
}
