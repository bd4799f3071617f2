/** What something costs: money in US dollars, and tokens of requests and answers together. */
export interface Spending {
  readonly costUsd: number;
  readonly tokens: number;
}

/** How much of a cap is gone. What is spent, held and reserved is never more than it, unless an answer took more than its worst case. */
export interface CapStatus {
  readonly cap: number;
  /** What answers took. */
  readonly spent: number;
  /** The worst case of requests that went out and whose usage was not told: they may have been billed. */
  readonly held: number;
  /** The worst case of what is under way. */
  readonly reserved: number;
}

/** One cap and what counts against it, in whole units: sums of doubles drift, by a cent after some billions of them. */
export class Account {
  readonly of: keyof Spending;
  readonly #cap: bigint;
  readonly #unitsPer: number;
  #spent = 0n;
  #held = 0n;
  #reserved = 0n;

  /** @param unitsPer How many units one dollar, or one token, is. */
  constructor(cap: number, of: keyof Spending, unitsPer: number) {
    this.of = of;
    this.#unitsPer = unitsPer;
    this.#cap = this.#units(cap);
  }

  /** Whether it is more than all of the cap. */
  isAboveCap(worst: Spending): boolean {
    const units = worst[this.of] * this.#unitsPer;
    return !Number.isFinite(units) || this.#units(worst[this.of]) > this.#cap;
  }

  fits(worst: Spending): boolean {
    return this.#spent + this.#held + this.#reserved + this.#units(worst[this.of]) <= this.#cap;
  }

  reserve(worst: Spending): void {
    this.#reserved += this.#units(worst[this.of]);
  }

  /** Nothing was sent. */
  release(worst: Spending): void {
    this.#reserved -= this.#units(worst[this.of]);
  }

  /** It went out, and what it took may never be known. What is known of it counts as spent, and the rest of its worst case is held. */
  hold(worst: Spending, known: Spending): void {
    const [most, told] = [this.#units(worst[this.of]), this.#units(known[this.of])];
    this.#reserved -= most;
    this.#spent += told;
    if (most > told) this.#held += most - told;
  }

  /** What it really took, be it more than its worst case. */
  settle(worst: Spending, real: Spending): void {
    this.#reserved -= this.#units(worst[this.of]);
    this.#spent += this.#units(real[this.of]);
  }

  status(): CapStatus {
    return {
      cap: this.#amount(this.#cap),
      spent: this.#amount(this.#spent),
      held: this.#amount(this.#held),
      reserved: this.#amount(this.#reserved),
    };
  }

  #units(amount: number): bigint {
    return BigInt(Math.round(amount * this.#unitsPer));
  }

  #amount(units: bigint): number {
    return Number(units) / this.#unitsPer;
  }
}
