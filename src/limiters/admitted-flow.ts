import type { Measure } from "../model/rate-limit.ts";
import { addWeights, noWeights, subtractWeights, type Weights } from "./weights.ts";

/** Between refusals the pace may have been too low for long, so later parts of that time are looked at as well: so many, each so long. */
const parts = 8;
const partMs = 2_000;

interface Moment {
  readonly atMs: number;
  readonly admitted: Weights;
}

/** What a server has admitted since a moment of which something is known: that its bucket was empty, or may have been full. */
export class AdmittedFlow {
  #markMs: number;
  #isMarkedFull = true;
  #started: Weights = noWeights;
  /** And what of that was refused or given back. */
  #returned: Weights = noWeights;
  /** Moments since the mark, the oldest first, and what had been admitted by then. */
  #moments: Moment[] = [];

  constructor(nowMs: number) {
    this.#markMs = nowMs;
  }

  get markMs(): number {
    return this.#markMs;
  }

  /** @param isFull Whether the bucket may have been full then. Otherwise it was empty. */
  mark(atMs: number, isFull: boolean): void {
    this.#markMs = atMs;
    this.#isMarkedFull = isFull;
    this.#started = noWeights;
    this.#returned = noWeights;
    this.#moments = [];
  }

  start(nowMs: number, weights: Weights): void {
    if (nowMs - (this.#moments.at(-1)?.atMs ?? this.#markMs) > partMs) this.#remember(nowMs);
    this.#started = addWeights(this.#started, weights);
  }

  giveBack(weights: Weights): void {
    this.#returned = addWeights(this.#returned, weights);
  }

  /**
   * What flowed in since the mark; or more, if more than what a bucket can have held was admitted since a later moment.
   *
   * @param burstMs How much a full bucket holds, as milliseconds of its flow.
   */
  perMs(untilMs: number, measure: Measure, burstMs: number): number {
    const admitted = this.#started[measure] - this.#returned[measure];
    const creditMs = this.#isMarkedFull ? burstMs : 0;
    let fastest = Math.max(1, admitted) / Math.max(1, untilMs - this.#markMs + creditMs);
    for (const moment of this.#moments)
      fastest = Math.max(fastest, (admitted - moment.admitted[measure]) / (untilMs - moment.atMs + burstMs));
    return fastest;
  }

  /** The same for all measures. */
  allPerMs(untilMs: number, burstMs: number): Weights {
    const perMs = (measure: Measure): number => this.perMs(untilMs, measure, burstMs);
    return {
      requests: perMs("requests"),
      tokens: perMs("tokens"),
      "input-tokens": perMs("input-tokens"),
      "output-tokens": perMs("output-tokens"),
    };
  }

  #remember(nowMs: number): void {
    if (this.#moments.length === parts) this.#moments.shift();
    this.#moments.push({ atMs: nowMs, admitted: subtractWeights(this.#started, this.#returned) });
  }
}
