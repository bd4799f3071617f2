/** Picks items of a sequence whose length is known, one in the middle of each of so many equal parts. */
export class Spread {
  readonly #count: number;
  readonly #total: number;
  #seen = 0;
  #picked = 0;

  constructor(count: number, total: number) {
    this.#count = count;
    this.#total = total;
  }

  /** @param items The next ones. */
  pick<Item>(items: readonly Item[]): Set<Item> {
    const picked = new Set<Item>();
    for (const item of items) {
      if (this.#picked < this.#count && this.#seen === this.#next) {
        picked.add(item);
        this.#picked += 1;
      }
      this.#seen += 1;
    }
    return picked;
  }

  get #next(): number {
    return Math.floor(((this.#picked + 0.5) * this.#total) / this.#count);
  }
}
