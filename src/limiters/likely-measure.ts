import type { Measure } from "../model/rate-limit.ts";
import { addWeights, noWeights, scaleWeights, subtractWeights, type Weights } from "./weights.ts";

/** So many that were refused tell whether they are larger than others, or came after larger ones: so many times. */
const refusedToCompare = 3;
const largeShare = 1.5;
const largerBeforeShare = 1.3;
/** What was admitted so long ago has little to do with a refusal now. */
const recentMs = 1_000;

const tokenMeasures = ["tokens", "input-tokens", "output-tokens"] as const;

/**
 * What a server's limit is on, where it does not say: on tokens, if it refuses large requests, or any that come after large ones; else on
 * requests.
 */
export class LikelyMeasure {
  #started = 0;
  #startedTokens = 0;
  #refused = 0;
  #refusedTokens = 0;
  #admitted: Weights = noWeights;
  #recent: Weights = noWeights;
  #recentAtMs = 0;
  #episodes = 0;
  /** How much larger than others those were that were admitted just before an episode, added up over all episodes. */
  #largerBefore: Weights = noWeights;

  start(nowMs: number, weights: Weights): void {
    this.#started += 1;
    this.#startedTokens += weights.tokens;
    this.#recent = addWeights(scaleWeights(this.#recent, Math.exp((this.#recentAtMs - nowMs) / recentMs)), weights);
    this.#recentAtMs = nowMs;
    this.#admitted = addWeights(this.#admitted, weights);
  }

  giveBack(weights: Weights): void {
    this.#recent = subtractWeights(this.#recent, weights);
    this.#admitted = subtractWeights(this.#admitted, weights);
  }

  refuse(weights: Weights): void {
    this.#refused += 1;
    this.#refusedTokens += weights.tokens;
    this.giveBack(weights);
  }

  beginEpisode(): void {
    if (this.#recent.requests < 0.1 || this.#admitted.requests < 1) return;
    this.#episodes += 1;
    const larger = (measure: Measure): number => {
      const usual = this.#admitted[measure] / this.#admitted.requests;
      return usual > 0 ? this.#recent[measure] / this.#recent.requests / usual : 1;
    };
    this.#largerBefore = addWeights(this.#largerBefore, {
      requests: 1,
      tokens: larger("tokens"),
      "input-tokens": larger("input-tokens"),
      "output-tokens": larger("output-tokens"),
    });
  }

  get measure(): Measure {
    const isOfLarge = this.#refusedTokens * this.#started > largeShare * this.#startedTokens * this.#refused;
    if (this.#refused >= refusedToCompare && isOfLarge) return "tokens";
    const [first, ...others] = tokenMeasures;
    let best: Measure = first;
    for (const measure of others) if (this.#largerBefore[measure] > this.#largerBefore[best]) best = measure;
    const isAfterLarge = this.#largerBefore[best] > largerBeforeShare * this.#episodes;
    return this.#episodes >= refusedToCompare && isAfterLarge ? best : "requests";
  }
}
