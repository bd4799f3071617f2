import { describeRateLimit, type RateLimit } from "../../model/rate-limit.ts";
import type { Weights } from "../limits/weights.ts";

/** What is said of a request that is larger than a limit. */
export function describeTooLarge(weights: Weights, limit: RateLimit): string {
  const size = `${weights[limit.unit]} ${limit.unit.replace("-", " ")}`;
  const sizes = `A request that may take ${size} is larger than the limit of ${describeRateLimit(limit)}`;
  return `${sizes}. It is sent alone, and those behind it wait until its tokens have flowed in. Such requests are slow; ask for fewer output tokens, or raise the limit if the provider allows more.`;
}
