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
  readonly onGroupEnd: (isAllKnown: boolean) => void;
}

/**
 * Looks up in groups what the cache remembers: all that gathered while the last group was looked up goes in the next, and no request
 * needs a promise of its own. The next group is looked up while the last one's answers are handed out.
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
    let last = Promise.resolve();
    while (this.#waiting.length > 0) {
      await setImmediate(); // so that all requests of one burst go in one group
      const beforeLast = last;
      last = this.#lookUp(this.#waiting.splice(0, mostAtOnce), beforeLast);
      await (this.#waiting.length > 0 ? beforeLast : last);
    }
    this.#isUnderWay = false;
  }

  /** @param before Resolves when the answers of the group before are handed out: these come after them. */
  async #lookUp(group: readonly Item[], before: Promise<void>): Promise<void> {
    const { getMany, keyOf, onRecalled, onFailed, onGroupEnd } = this.#options;
    let done = 0;
    let known = 0;
    try {
      for (let turn = before; done < group.length; turn = Promise.resolve()) {
        const [answers] = await Promise.all([getMany(group.slice(done).map(keyOf)), turn]);
        for (const answer of answers) {
          const item = group[done];
          done += 1;
          if (answer !== undefined) known += 1;
          if (item !== undefined) onRecalled(item, answer);
        }
      }
    } catch (error) {
      for (const item of group.slice(done)) onFailed(item, error);
    }
    onGroupEnd(known === group.length);
  }
}
