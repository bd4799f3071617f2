import type { Measure } from "../model/rate-limit.ts";
import type { Weights } from "./weights.ts";

/** So many that were refused tell whether they are larger than others, or came after larger ones: so many times. */
const refusedToCompare = 3;
const largeShare = 1.5;
const largerBeforeShare = 1.3;
/** What was admitted so long ago has little to do with a refusal now. */
const recentMs = 1_000;
const leastRecent = 0.1;

/**
 * What a server's limit is on, where it does not say: on tokens, if it refuses large requests, or any that come after large ones; else on
 * requests.
 */
export class LikelyMeasure {
  #started = 0;
  #startedTokens = 0;
  #refused = 0;
  #refusedTokens = 0;
  /** With what is known by now of what each took. */
  #admittedTokens = 0;
  /** The latest of those that were admitted. */
  #recent = 0;
  #recentTokens = 0;
  #recentAtMs = 0;
  #episodes = 0;
  /** How much larger than others those were that were admitted just before an episode, added up over all episodes. */
  #largerBefore = 0;

  start(nowMs: number, weights: Weights): void {
    this.#started += 1;
    this.#startedTokens += weights.tokens;
    const faded = Math.exp((this.#recentAtMs - nowMs) / recentMs);
    this.#recentAtMs = nowMs;
    this.#recent *= faded;
    this.#recentTokens *= faded;
    this.#admit(weights, 1);
  }

  giveBack(weights: Weights): void {
    this.#admit(weights, -1);
  }

  refuse(weights: Weights): void {
    this.#refused += 1;
    this.#refusedTokens += weights.tokens;
    this.giveBack(weights);
  }

  beginEpisode(): void {
    if (this.#recent < leastRecent || this.#admittedTokens <= 0) return;
    this.#episodes += 1;
    const usualTokens = this.#admittedTokens / (this.#started - this.#refused);
    this.#largerBefore += this.#recentTokens / this.#recent / usualTokens;
  }

  get measure(): Measure {
    const isOfLarge = this.#refusedTokens * this.#started > largeShare * this.#startedTokens * this.#refused;
    if (this.#refused >= refusedToCompare && isOfLarge) return "tokens";
    const isAfterLarge = this.#largerBefore > largerBeforeShare * this.#episodes;
    return this.#episodes >= refusedToCompare && isAfterLarge ? "tokens" : "requests";
  }

  #admit({ requests, tokens }: Weights, sign: 1 | -1): void {
    this.#admittedTokens += sign * tokens;
    this.#recent += sign * requests;
    this.#recentTokens += sign * tokens;
  }
}
