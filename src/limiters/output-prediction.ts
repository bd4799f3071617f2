import type { Cost } from "../model/cost.ts";

/** Before anything was seen: about the mean of short chat answers. */
const outputTokensUnseen = 256;
/** After so many answers their mean means something. */
const answersToTrust = 10;
/** Of how many answers, about, the mean is taken. */
const memory = 50;

/**
 * How many tokens a model's next answer will have, from those that it gave. People set `max_tokens` far above what answers need; reserving
 * that much for each would leave a limit unused.
 */
export class OutputPrediction {
  #mean = 0;
  #answers = 0;
  #isTrusted = true;

  outputTokens({ maxOutputTokens }: Cost): number {
    if (this.#answers < answersToTrust || !this.#isTrusted)
      return maxOutputTokens ?? (Math.ceil(this.#mean) || outputTokensUnseen);
    return Math.min(maxOutputTokens ?? Infinity, Math.ceil(this.#mean));
  }

  observe(outputTokens: number): void {
    this.#answers += 1;
    this.#mean += (outputTokens - this.#mean) / Math.min(this.#answers, memory);
  }

  /** The provider turned requests away that by this prediction had room: it counts the maximum, so that is what must be reserved. */
  distrust(): void {
    this.#isTrusted = false;
  }
}
