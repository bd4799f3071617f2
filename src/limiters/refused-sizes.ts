import type { Measure } from "../model/rate-limit.ts";
import type { Weights } from "./weights.ts";

/** So many that were refused tell whether they are larger than others: so many times. */
const refusedToCompare = 3;
const largeShare = 1.5;

/** How large the requests are that a server refuses, beside all: what its limit is on, where it does not say. */
export class RefusedSizes {
  #started = 0;
  #startedTokens = 0;
  #refused = 0;
  #refusedTokens = 0;

  start({ tokens }: Weights): void {
    this.#started += 1;
    this.#startedTokens += tokens;
  }

  refuse({ tokens }: Weights): void {
    this.#refused += 1;
    this.#refusedTokens += tokens;
  }

  get likelyMeasure(): Measure {
    const isOfLarge = this.#refusedTokens * this.#started > largeShare * this.#startedTokens * this.#refused;
    return this.#refused >= refusedToCompare && isOfLarge ? "tokens" : "requests";
  }
}
