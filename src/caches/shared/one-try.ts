import { CacheError, messageOf } from "../../model/errors.ts";
import type { PatienceOptions, Persistence } from "./patience.ts";
import { withTimeout } from "./with-timeout.ts";

/** Until a cache that failed is asked again: of requests that come meanwhile none waits for it. */
const restMs = 1_000;

/** Asks once, for who cannot wait: live requests go on without a cache that is away, and use it again when it is back. */
export class OneTry implements Persistence {
  readonly #shown: string;
  readonly #timeoutMs: number;
  #failure: { readonly error: CacheError; askAgainAt: number } | undefined;

  constructor({ shown, timeoutMs = 500 }: Pick<PatienceOptions, "shown" | "timeoutMs">) {
    this.#shown = shown;
    this.#timeoutMs = timeoutMs;
  }

  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  async persist<Value>(work: () => Promise<Value>): Promise<Value> {
    const now = performance.now();
    if (this.#failure !== undefined && now < this.#failure.askAgainAt) throw this.#failure.error;
    if (this.#failure !== undefined) this.#failure.askAgainAt = now + restMs; // one looks, the others do not wait for it
    try {
      const value = await withTimeout(work(), this.#timeoutMs);
      this.#failure = undefined;
      return value;
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      const named = new CacheError(`The cache ${this.#shown} failed: ${messageOf(error.cause ?? error)}.`, { cause: error });
      this.#failure = { error: named, askAgainAt: performance.now() + restMs };
      throw named;
    }
  }
}
