import { setImmediate } from "node:timers/promises";
import type { CacheStore } from "../caches/cache-store.ts";
import type { Answer } from "../model/attempt.ts";

/** Enough that the cost of a look-up is shared by many; few enough that the next group is gathered while it goes on. */
const mostAtOnce = 512;

/** One that is looked up, one that waits there: else nobody would look anything up while this thread is busy with other things. */
const mostLookUps = 2;

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
 * needs a promise of its own. A group that is full is looked up at once, while others are, or their answers are handed out.
 */
export class Recall<Item> {
  readonly #options: RecallOptions<Item>;
  #waiting: Item[] = [];
  #lookUps = 0;
  #isStarting = false;
  #last: Promise<void> = Promise.resolve();

  constructor(options: RecallOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#waiting.length >= mostAtOnce) this.#start();
    else if (this.#lookUps === 0 && !this.#isStarting) void this.#startSoon();
  }

  async #startSoon(): Promise<void> {
    this.#isStarting = true;
    await setImmediate(); // so that all requests of one burst go in one group
    this.#isStarting = false;
    this.#start();
  }

  #start(): void {
    while (this.#isWorthwhile) this.#last = this.#lookUpNext(this.#last);
  }

  get #isWorthwhile(): boolean {
    if (this.#lookUps === 0) return this.#waiting.length > 0;
    return this.#lookUps < mostLookUps && this.#waiting.length >= mostAtOnce;
  }

  async #lookUpNext(before: Promise<void>): Promise<void> {
    this.#lookUps += 1;
    await this.#lookUp(this.#waiting.splice(0, mostAtOnce), before);
    this.#lookUps -= 1;
    this.#start();
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
