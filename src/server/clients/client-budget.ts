import { admissionLimit, type Limit } from "../../limiters/limiters.ts";
import type { ApiError } from "../http/api-error.ts";

const dayMs = 86_400_000;

/** Beyond, nothing of its client is sent any more: names cost memory. */
const maxUnpriced = 1_000;

/** What a client may spend in any 24 hours. */
export class ClientBudget {
  readonly #maxUsd: number;
  readonly #limit: Limit;
  /** Models whose price was not known when they were answered: their requests cannot be counted. Clients choose the names. */
  readonly #unpriced = new Set<string>();

  constructor(maxUsd: number, clock: () => number) {
    this.#maxUsd = maxUsd;
    this.#limit = admissionLimit({ unit: "requests", amount: maxUsd, periodMs: dayMs }, clock);
  }

  /** @returns why a request may not be sent; undefined if it may. */
  refuse(model: string): ApiError | undefined {
    if (this.#unpriced.has(model)) return unpriced(`The price of ${model} is`);
    if (this.#unpriced.size >= maxUnpriced) return unpriced(`The prices of ${maxUnpriced} models that this client asked are`);
    if (this.#limit.available() > 0) return undefined;
    return usedUp(`This client has spent its ${this.#maxUsd} USD of the last 24 hours`);
  }

  /** @param costUsd Null where it is not known. */
  spend(costUsd: number | null, model: string): void {
    if (costUsd === null) this.#unpriced.add(model);
    else this.#limit.take(costUsd);
  }
}

function unpriced(whose: string): ApiError {
  return usedUp(`${whose} not known, so that this client's budget cannot be kept: add to the configured prices`);
}

/** It is no fault that goes away soon: SDKs are told not to ask again. */
function usedUp(message: string): ApiError {
  const retryAfterMs = 60_000;
  return { status: 429, type: "insufficient_quota", code: "insufficient_quota", message, retryAfterMs, isWorthRetrying: false };
}
