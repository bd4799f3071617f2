import { type CacheStore, Grouped } from "../../caches/caches.ts";
import type { ModelResponse } from "../../model/attempt.ts";

/** Enough that the cost of a look-up is shared by many; few enough that the next group is gathered while it goes on. */
const maxGroupKeys = 512;
/** What a group of answers may take, roughly, where the store does not bound that itself. */
const maxGroupBytes = 4 * 1024 * 1024;
/** Before anything is known of the size of answers: 16 of 12 MB are 192 MB. */
const firstGroupKeys = 16;

/**
 * Looks up in groups what the cache remembers: all that gathered while the last group was looked up goes in the next. Groups are bounded
 * in number and in bytes, and the next one is not read before there is room for its answers.
 */
export class RecallQueue {
  readonly #cache: CacheStore;
  readonly #groups: Grouped<string, ModelResponse | undefined>;
  /** How many keys are looked up together, where the store reads one at a time. */
  #groupKeys = firstGroupKeys;

  /** @param room Resolves when more answers may be held. */
  constructor(cache: CacheStore, room: () => Promise<void>) {
    this.#cache = cache;
    this.#groups = new Grouped(async (keys) => {
      await room();
      return this.#lookUp(keys);
    }, maxGroupKeys);
  }

  /** @throws CacheError when the cache cannot be read. */
  recall(key: string): Promise<ModelResponse | undefined> {
    return this.#groups.add(key);
  }

  /** @returns what there is for as many of the first keys as are read at once. */
  #lookUp(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    return this.#cache.getMany?.(keys) ?? this.#lookUpEach(keys.slice(0, this.#groupKeys));
  }

  async #lookUpEach(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    const answers = await Promise.all(keys.map((key) => this.#cache.get(key)));
    const known = answers.filter((response) => response !== undefined);
    if (known.length === 0) return answers;
    const bytes = known.reduce((sum, { body }) => sum + body.length, 0);
    const fitting = Math.floor((maxGroupBytes / bytes) * known.length);
    this.#groupKeys = Math.max(1, Math.min(fitting, 2 * this.#groupKeys, maxGroupKeys));
    return answers;
  }
}
