import { admissionLimit, type Limit } from "../../limiters/limiters.ts";
import type { ApiError } from "../http/api-error.ts";

const dayMs = 86_400_000;

/** What a client may spend in any 24 hours. */
export class ClientBudget {
  readonly #maxUsd: number;
  readonly #limit: Limit;
  /** Models whose price was not known when they were answered: their requests cannot be counted. */
  readonly #unpriced = new Set<string>();

  constructor(maxUsd: number, clock: () => number) {
    this.#maxUsd = maxUsd;
    this.#limit = admissionLimit({ unit: "requests", amount: maxUsd, periodMs: dayMs }, clock);
  }

  /** @returns why a request may not be sent; undefined if it may. */
  refuse(model: string): ApiError | undefined {
    if (this.#unpriced.has(model))
      return usedUp(`The price of ${model} is not known, so that this client's budget cannot be kept: name it in the prices`);
    if (this.#limit.available() > 0) return undefined;
    return usedUp(`This client has spent its ${this.#maxUsd} USD of the last 24 hours`);
  }

  /** @param costUsd Null where it is not known. */
  spend(costUsd: number | null, model: string): void {
    if (costUsd === null) this.#unpriced.add(model);
    else this.#limit.take(costUsd);
  }
}

/** It is no fault that goes away soon: SDKs are told not to ask again. */
function usedUp(message: string): ApiError {
  const retryAfterMs = 60_000;
  return { status: 429, type: "insufficient_quota", code: "insufficient_quota", message, retryAfterMs, isWorthRetrying: false };
}
