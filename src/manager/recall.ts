import { setImmediate } from "node:timers/promises";
import type { CacheStore } from "../caches/cache-store.ts";
import type { Answer } from "../model/attempt.ts";

/** Enough that the cost of a look-up is shared by many; few enough that the next group is gathered while it goes on. */
const mostAtOnce = 512;

export interface RecallOptions<Item> {
  readonly getMany: NonNullable<CacheStore["getMany"]>;
  readonly keyOf: (item: Item) => string;
  /** Called for each item, in the order in which they came. */
  readonly onRecalled: (item: Item, answer: Answer | undefined) => void;
  /** Called for each item of a group that could not be looked up. */
  readonly onFailed: (item: Item, error: unknown) => void;
  readonly onGroupEnd: () => void;
}

/**
 * Looks up in groups what the cache remembers: all that gathered while the last group was looked up goes in the next, and no request
 * needs a promise of its own.
 */
export class Recall<Item> {
  readonly #options: RecallOptions<Item>;
  #waiting: Item[] = [];
  #isUnderWay = false;

  constructor(options: RecallOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    if (!this.#isUnderWay) void this.#lookUpAll();
  }

  async #lookUpAll(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#waiting.length > 0) {
      await setImmediate(); // so that all requests of one burst go in one group
      await this.#lookUp(this.#waiting.splice(0, mostAtOnce));
      this.#options.onGroupEnd();
    }
    this.#isUnderWay = false;
  }

  async #lookUp(group: readonly Item[]): Promise<void> {
    const { getMany, keyOf, onRecalled, onFailed } = this.#options;
    let done = 0;
    try {
      while (done < group.length) {
        const answers = await getMany(group.slice(done).map(keyOf));
        for (const answer of answers) {
          const item = group[done];
          done += 1;
          if (item !== undefined) onRecalled(item, answer);
        }
      }
    } catch (error) {
      for (const item of group.slice(done)) onFailed(item, error);
    }
  }
}
