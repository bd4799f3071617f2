import type { Cost } from "../../model/cost.ts";
import type { Usage } from "../../model/usage.ts";
import type { AssumedOutput } from "../limits/weights.ts";

/** Before any answer was seen: about the mean of short chat answers. */
const outputTokensUnseen = 256;
/** How many answers that guess counts as, beside those that were seen. */
const answersGuessed = 3;
/** After so many answers their mean means something. */
const answersToTrust = 10;
/** Of how many answers, about, the mean is taken. */
const memory = 50;
/** What is reserved at once at a limit's pace may be as much as flows in in this time: what a paced limit can hold. */
const reservableMs = 900;
/**
 * Where it is known that the provider holds what a request allows against it until the answer is there, reserving less is rejected, unless
 * the provider holds far more than a second's worth: half of the limit is worth trying.
 */
const reservableMsWhereHeld = 2 * reservableMs;

/**
 * How many tokens a model's next answer will have, from those that it gave. People set `max_tokens` far above what answers need; reserving
 * that much for each would leave a limit unused, unless answers come so soon that it is given back before it is missed.
 */
export class OutputPrediction {
  #answers = 0;
  #meanOutput = 0;
  #meanTotal = 0;
  #meanMs = 0;
  #isTrusted = true;

  /** Of request and answer together; 0 before the first answer. */
  get meanTokens(): number {
    return this.#meanTotal;
  }

  /** How much a request's answer is taken to have before it is there. */
  of({ maxOutputTokens, counting }: Cost): AssumedOutput {
    const fittingMs = counting === "larger" ? reservableMsWhereHeld : reservableMs;
    return {
      reserved: this.#reserved(maxOutputTokens, fittingMs),
      expected: Math.min(maxOutputTokens ?? Infinity, this.#expected),
    };
  }

  /** @param durationMs How long the answer took. */
  observe({ promptTokens, completionTokens }: Usage, durationMs: number): void {
    this.#answers += 1;
    const weight = 1 / Math.min(this.#answers, memory);
    this.#meanOutput += (completionTokens - this.#meanOutput) * weight;
    this.#meanTotal += (promptTokens + completionTokens - this.#meanTotal) * weight;
    this.#meanMs += (durationMs - this.#meanMs) * weight;
  }

  /** The provider rejected requests that had room by this prediction: it counts the maximum, so that is what must be reserved. */
  distrust(): void {
    this.#isTrusted = false;
  }

  #reserved(max: number | undefined, fittingMs: number): number {
    if (max === undefined) return this.#expected;
    const isGuessGood = this.#answers >= answersToTrust && this.#isTrusted;
    return isGuessGood && !this.#fits(max, fittingMs) ? Math.min(max, this.#expected) : max;
  }

  get #expected(): number {
    const guessed = this.#answers >= memory ? 0 : answersGuessed;
    return Math.ceil((this.#meanOutput * this.#answers + outputTokensUnseen * guessed) / (this.#answers + guessed));
  }

  /** While so much is reserved, `durationMs * pace / total` others are, at whatever pace the limit allows. */
  #fits(reserved: number, fittingMs: number): boolean {
    return reserved * this.#meanMs <= fittingMs * this.#meanTotal;
  }
}
