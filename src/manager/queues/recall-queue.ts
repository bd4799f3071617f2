import { type CacheStore, Grouped } from "../../caches/caches.ts";
import type { ModelResponse } from "../../model/attempt.ts";
import { CacheError } from "../../model/errors.ts";

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
  readonly #groups: Grouped<string, Found>;
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

  /** @throws CacheError when the cache cannot be read, and what else the store throws for this key. */
  async recall(key: string): Promise<ModelResponse | undefined> {
    const found = await this.#groups.add(key);
    if (found instanceof ReadFailure) throw found.error;
    return found;
  }

  /** @returns what there is for as many of the first keys as are read at once. */
  #lookUp(keys: readonly string[]): Promise<readonly Found[]> {
    return this.#cache.getMany?.(keys) ?? this.#lookUpEach(keys.slice(0, this.#groupKeys));
  }

  async #lookUpEach(keys: readonly string[]): Promise<readonly Found[]> {
    const answers = await Promise.all(keys.map((key) => this.#lookUpOne(key)));
    const known = answers.flatMap((found) => (found === undefined || found instanceof ReadFailure ? [] : [found]));
    if (known.length === 0) return answers;
    const bytes = known.reduce((sum, { body }) => sum + body.length, 0);
    const fitting = Math.floor((maxGroupBytes / bytes) * known.length);
    this.#groupKeys = Math.max(1, Math.min(fitting, 2 * this.#groupKeys, maxGroupKeys));
    return answers;
  }

  async #lookUpOne(key: string): Promise<Found> {
    try {
      return await this.#cache.get(key);
    } catch (error) {
      if (error instanceof CacheError) throw error;
      return new ReadFailure(error);
    }
  }
}

/** What a store of the program's own throws for one key is of no consequence for the others of its group. */
class ReadFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

type Found = ModelResponse | ReadFailure | undefined;
