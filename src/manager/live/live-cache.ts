import type { CacheStore, StoredAnswer } from "../../caches/caches.ts";
import type { ModelResponse } from "../../model/attempt.ts";
import { messageOf } from "../../model/errors.ts";
import { RecentNames } from "./recent-names.ts";

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

/** A request under way, whose answer identical ones can share. */
export interface SharedCall {
  /** Resolves when it no longer waits to be sent. */
  readonly sent: Promise<void>;
  /** Undefined where it has none that others can use. */
  readonly answer: Promise<ModelResponse | undefined>;
}

/** The cache of live requests: it never fails one. */
export class LiveCache {
  readonly names: RecentNames = new RecentNames();
  readonly #store: CacheStore;
  readonly #onFailure: (message: string) => void;
  readonly #underWay = new Map<string, SharedCall>();
  /** Whether the last read, and the last write, worked; undefined before there was one. */
  #readsWork: boolean | undefined;
  #writesWork: boolean | undefined;

  /** @param onFailure Receives a message for a person each time that the store fails. */
  constructor(store: CacheStore, onFailure: (message: string) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** Undefined as long as it was not used. */
  get status(): "ok" | "failed" | undefined {
    if (this.#readsWork === false || this.#writesWork === false) return "failed";
    return this.#readsWork === undefined && this.#writesWork === undefined ? undefined : "ok";
  }

  /** @returns "failed" where the store cannot be read. */
  async find(key: string): Promise<Partial<StoredAnswer> | "failed" | undefined> {
    try {
      const found = await (this.#store.getStored?.(key) ?? this.#read(key));
      this.#readsWork = true;
      return found;
    } catch (error) {
      this.#readsWork = false;
      return this.#failed(error);
    }
  }

  /** Resolves when a get finds it. */
  async keep(key: string, response: ModelResponse): Promise<"stored" | "failed"> {
    try {
      await this.#store.set(key, response);
      this.#writesWork = true;
      return "stored";
    } catch (error) {
      this.#writesWork = false;
      return this.#failed(error);
    }
  }

  /** An identical request that has not ended. */
  underWay(key: string): SharedCall | undefined {
    return this.#underWay.get(key);
  }

  /** Identical requests that come until it has ended can share its answer. @param ask Must not reject, and says when it is sent. */
  async share<Asked extends { readonly answer: ModelResponse | undefined }>(
    key: string,
    ask: (onSent: () => void) => Promise<Asked>,
  ): Promise<Asked> {
    if (this.#underWay.has(key)) return ask(() => {});
    let onSent: (() => void) | undefined;
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const asking = ask(() => onSent?.());
    this.#underWay.set(key, { sent, answer: asking.then(({ answer }) => answer) });
    try {
      return await asking;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #read(key: string): Promise<Partial<StoredAnswer> | undefined> {
    const response = await this.#store.get(key);
    return response && { response };
  }

  #failed(error: unknown): "failed" {
    this.#onFailure(`the cache failed, and live requests are answered without it: ${messageOf(error)}`);
    return "failed";
  }
}
