import type { Demand } from "../../model/demand.ts";
import { describeRateLimit, type RateLimit, type Weights } from "../../model/rate-limit.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import { reservedWeights } from "../limits/weights.ts";
import type { ModelQueue } from "./model-queue.ts";

/** Says once that a request is larger than a limit. */
export class TooLargeWarning {
  readonly #onTooLarge: (message: string) => void;
  #hasWarned = false;

  constructor(onTooLarge: (message: string) => void) {
    this.#onTooLarge = onTooLarge;
  }

  /** @param limits Those of all models together. */
  check(limits: LimitSet, queue: ModelQueue, { candidates }: Demand): void {
    const [candidate] = candidates;
    if (this.#hasWarned || candidate === undefined || !(limits.areSet || queue.isPaced(candidate.target))) return;
    const { maxOutputTokens: max = 0 } = candidate.cost;
    const weights = reservedWeights(candidate.cost, { reserved: max, expected: max });
    const common = limits.exceededBy(weights);
    const exceeded = common === undefined ? queue.exceededBy(candidate) : { limit: common, weights };
    if (exceeded === undefined) return;
    this.#hasWarned = true;
    this.#onTooLarge(describeTooLarge(exceeded.weights, exceeded.limit));
  }
}

function describeTooLarge(weights: Weights, limit: RateLimit): string {
  const size = `${weights[limit.unit]} ${limit.unit.replace("-", " ")}`;
  const sizes = `A request that may take ${size} is larger than the limit of ${describeRateLimit(limit)}`;
  return `${sizes}. It is sent alone, and those behind it wait until its tokens have flowed in. Such requests are slow; ask for fewer output tokens, or raise the limit if the provider allows more.`;
}
