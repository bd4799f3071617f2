import { setImmediate } from "node:timers/promises";
import type { CacheStore } from "../../caches/caches.ts";
import type { ModelResponse } from "../../model/attempt.ts";

/** Enough that the cost of a look-up is shared by many; few enough that the next group is gathered while it goes on. */
const maxGroupKeys = 512;
/** What a group of answers may take, roughly, where the store does not bound that itself. */
const maxGroupBytes = 4 * 1024 * 1024;
/** Before anything is known of the size of answers: 16 of 12 MB are 192 MB. */
const firstGroupKeys = 16;

interface Waiting {
  readonly key: string;
  readonly resolve: (response: ModelResponse | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks up in groups what the cache remembers: all that gathered while the last group was looked up goes in the next. Groups are bounded
 * in number and in bytes, and the next one is not read before there is room for its answers.
 */
export class RecallQueue {
  readonly #cache: CacheStore;
  readonly #room: () => Promise<void>;
  #waiting: Waiting[] = [];
  #isReading = false;
  /** How many keys are looked up together, where the store reads one at a time. */
  #groupKeys = firstGroupKeys;

  /** @param room Resolves when more answers may be held. */
  constructor(cache: CacheStore, room: () => Promise<void>) {
    this.#cache = cache;
    this.#room = room;
  }

  /** @throws CacheError when the cache cannot be read. */
  recall(key: string): Promise<ModelResponse | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#isReading) void this.#read();
    });
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    await setImmediate(); // so that all requests of one burst go in one group
    while (this.#waiting.length > 0) {
      await this.#room();
      await this.#readGroup();
    }
    this.#isReading = false;
  }

  async #readGroup(): Promise<void> {
    const group = this.#waiting.slice(0, maxGroupKeys);
    try {
      const answers = await this.#lookUp(group.map(({ key }) => key));
      this.#waiting.splice(0, answers.length);
      for (const [index, response] of answers.entries()) group[index]?.resolve(response);
    } catch (error) {
      this.#waiting.splice(0, group.length);
      for (const { reject } of group) reject(error);
    }
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
