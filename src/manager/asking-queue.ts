import type { Limiter } from "../limiters/limiter.ts";

/** Enough that a slot or permit that becomes free is filled at once. */
const mostAtLimiter = 128;

/**
 * Requests that are to be asked, in their order. They are handed on as the limiter takes them: one that has begun its walk is a dozen
 * promises and closures, and a thousand of those that only wait would be copied about by garbage collection.
 */
export class AskingQueue<Item> {
  readonly #limiter: Limiter;
  readonly #concurrency: number;
  readonly #ask: (item: Item) => void;
  #items: Item[] = [];
  #next = 0;
  #underWay = 0;

  /**
   * @param concurrency That many are under way in any case: what waits at the limiter may be another run's.
   * @param ask Begins the walk of a request; `end` is to be called when it is over.
   */
  constructor(limiter: Limiter, concurrency: number, ask: (item: Item) => void) {
    this.#limiter = limiter;
    this.#concurrency = concurrency;
    this.#ask = ask;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.handOn();
  }

  /** One that was handed on has come to its end. */
  end(): void {
    this.#underWay -= 1;
    this.handOn();
  }

  /** Call it also when the limiter has let one start: there is room for another to wait there. */
  handOn(): void {
    while (this.#next < this.#items.length && this.#hasRoom) this.#handOnNext();
  }

  /** The limiter lets nothing start any more: what waits here is cancelled by it. */
  handOnAll(): void {
    while (this.#next < this.#items.length) this.#handOnNext();
  }

  get #hasRoom(): boolean {
    return this.#underWay < this.#concurrency || this.#limiter.waiting < mostAtLimiter;
  }

  #handOnNext(): void {
    const item = this.#items[this.#next];
    this.#next += 1;
    if (this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    if (item === undefined) return;
    this.#underWay += 1;
    this.#ask(item);
  }
}
