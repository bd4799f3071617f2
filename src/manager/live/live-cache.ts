import type { CacheStore, StoredAnswer } from "../../caches/caches.ts";
import type { ModelResponse } from "../../model/attempt.ts";
import { messageOf } from "../../model/errors.ts";

/** What a live request makes of the manager's cache. */
export interface LiveCaching {
  /** Whether a stored answer will do. */
  readonly reads: boolean;
  /** Whether its answer is kept. */
  readonly writes: boolean;
  /** Answers of one are not found by another. @default that of batches */
  readonly namespace?: string | undefined;
}

/**
 * What became of that: the answer came from the cache, is not in it, or is in it now; the cache has no part in such a request; or it failed,
 * and the request is answered without it.
 */
export type CacheOutcome =
  | { readonly kind: "hit"; readonly ageMs: number | undefined }
  | { readonly kind: "miss" | "stored" | "off" | "failed" };

/** The answer of a request under way; undefined where it has none that others can use. */
type Shared = Promise<ModelResponse | undefined>;

/** The cache of live requests: it never fails one. */
export class LiveCache {
  readonly #store: CacheStore;
  readonly #onFailure: (message: string) => void;
  readonly #underWay = new Map<string, Shared>();

  /** @param onFailure Receives a message for a person each time that the store fails. */
  constructor(store: CacheStore, onFailure: (message: string) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** @returns "failed" where the store cannot be read. */
  async find(key: string): Promise<Partial<StoredAnswer> | "failed" | undefined> {
    try {
      if (this.#store.getStored !== undefined) return await this.#store.getStored(key);
      const response = await this.#store.get(key);
      return response && { response };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Resolves when a get finds it. */
  async keep(key: string, response: ModelResponse): Promise<"stored" | "failed"> {
    try {
      await this.#store.set(key, response);
      return "stored";
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** An identical request that has not ended. */
  underWay(key: string): Shared | undefined {
    return this.#underWay.get(key);
  }

  /** Identical requests that come until it has ended can share its answer. @param ask Must not reject. */
  async share<Outcome>(
    key: string,
    ask: () => Promise<Outcome>,
    answerOf: (outcome: Outcome) => ModelResponse | undefined,
  ): Promise<Outcome> {
    const asking = ask();
    if (this.#underWay.has(key)) return asking;
    this.#underWay.set(key, asking.then(answerOf));
    try {
      return await asking;
    } finally {
      this.#underWay.delete(key);
    }
  }

  #failed(error: unknown): "failed" {
    this.#onFailure(`the cache failed, and live requests are answered without it: ${messageOf(error)}`);
    return "failed";
  }
}
