import { setImmediate } from "node:timers/promises";

/**
 * Does the work of a group. When it rejects, every item of the group rejects with that error, and the next group has its own try.
 *
 * @returns results of as many of the first items as it did at once, at least one; the others are in the next group.
 */
type GroupWork<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

interface WaitingItem<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does in groups what is asked for one by one, one group at a time. A group is what gathered while the last was in flight; no timer
 * holds anything back, so a lone item never waits for company. Items keep their order.
 */
export class Grouped<Item, Result> {
  readonly #work: GroupWork<Item, Result>;
  readonly #maxItems: number;
  readonly #waiting: WaitingItem<Item, Result>[] = [];
  #running: Promise<void> | undefined;

  /** @param maxItems Of one group. */
  constructor(work: GroupWork<Item, Result>, maxItems: number = Infinity) {
    this.#work = work;
    this.#maxItems = maxItems;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#runAll();
    });
  }

  /** Resolves once nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #runAll(): Promise<void> {
    await setImmediate(); // so that all calls of one burst go in one group
    while (this.#waiting.length > 0) await this.#runGroup(this.#waiting.slice(0, this.#maxItems).map(({ item }) => item));
    this.#running = undefined;
  }

  async #runGroup(group: readonly Item[]): Promise<void> {
    try {
      const results = await this.#work(group);
      const done = this.#waiting.splice(0, results.length);
      for (const [index, result] of results.entries()) done[index]?.resolve(result);
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0, group.length)) reject(error);
    }
  }
}
