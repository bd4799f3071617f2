import type { Attempt } from "../../model/attempt.ts";
import type { Asker, Band } from "../../model/demand.ts";
import { noWeights, type Weights } from "../../model/rate-limit.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Usage } from "../../model/usage.ts";
import { addWeights, admissionLimit, type Limit, LimitSet, subtractWeights } from "../../limiters/limiters.ts";
import { estimateInputTokens } from "../../tokens/tokens.ts";
import { type ApiError, busy, unknownModel } from "../http/api-error.ts";
import { ClientBudget } from "./client-budget.ts";
import type { ServerClient } from "./server-client.ts";

interface ClientOptions extends Omit<ServerClient, "token" | "cache"> {
  /** Empty where there is one only. */
  readonly name: string;
  /** Of its answers in the cache. Undefined for that of batches. */
  readonly namespace: string | undefined;
  /** Of its requests, how many may wait. */
  readonly maxWaiting: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

const noLimits = new LimitSet();

/** A client, and what it has under way. */
export class Client {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly #options: ClientOptions;
  readonly #askers: Readonly<Record<Band, Asker>>;
  readonly #limits: readonly Limit[];
  readonly #budget: ClientBudget | undefined;
  #inFlight = 0;
  #waiting = 0;

  constructor(options: ClientOptions) {
    const { name, namespace, weight = 1, limits = [], maxCostUsd, clock } = options;
    this.name = name;
    this.namespace = namespace;
    this.#options = options;
    this.#askers = { live: { band: "live", client: name, weight }, batch: { band: "batch", client: name, weight } };
    this.#limits = limits.map((limit) => admissionLimit(limit, clock));
    this.#budget = maxCostUsd === undefined ? undefined : new ClientBudget(maxCostUsd, clock);
  }

  /** Requests that have not been sent yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @param priority The header of a request, which lowers and never raises. */
  askerOf(priority: string | string[] | undefined): Asker {
    return this.#askers[priority === "batch" ? "batch" : (this.#options.priority ?? "live")];
  }

  mayAsk(model: string): boolean {
    return this.#options.models?.includes(model) ?? true;
  }

  /** Those of its own limits that count a model's requests. */
  limitsOf(model: string): LimitSet {
    if (this.#limits.length === 0) return noLimits;
    return new LimitSet(this.#limits.filter(({ spec }) => spec.model === undefined || spec.model === model));
  }

  /** What a request takes of its limits before it is answered: how long the answer is going to be is not known. */
  weigh(request: BatchRequest): Weights {
    if (this.#limits.length === 0) return noWeights;
    const tokens = estimateInputTokens(request);
    return { requests: 1, tokens, "input-tokens": tokens, "output-tokens": 1 };
  }

  /** @returns why its request is not taken; undefined if it is. What goes beyond its limits does not wait. */
  refuse(model: string, weights: Weights): ApiError | undefined {
    const { maxInFlight = Infinity, maxWaiting } = this.#options;
    if (!this.mayAsk(model)) return unknownModel(model);
    const usedUp = this.#budget?.refuse(model);
    if (usedUp !== undefined) return usedUp;
    if (this.#inFlight >= maxInFlight)
      return busy("rate_limit_exceeded", `This client has ${this.#inFlight} requests under way, and may not have more`, 1_000);
    if (this.#waiting >= maxWaiting) return busy("queue_full", `${this.#waiting} requests of this client wait already`, 1_000);
    const { waitMs } = this.limitsOf(model).blockedBy({ weights }) ?? {};
    return waitMs === undefined ? undefined : busy("rate_limit_exceeded", "This client's own limit is used up", waitMs);
  }

  /** A request of it that was not refused. */
  enter(model: string, weights: Weights): Visit {
    const limits = this.limitsOf(model);
    const start = { atMs: this.#options.clock() };
    limits.started({ weights });
    let isWaiting = true;
    let used = noWeights;
    const leaveQueue = (): void => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
    this.#inFlight += 1;
    this.#waiting += 1;
    return {
      start: () => {
        leaveQueue();
        used = { ...used, requests: 1 };
      },
      count: (attempt) => {
        const usage = attempt.ok ? attempt.response.usage : attempt.usage;
        if (usage !== undefined) used = addWeights(used, weightsOf(usage));
      },
      end: (costUsd) => {
        leaveQueue();
        this.#inFlight -= 1;
        limits.ended({ unused: subtractWeights(weights, used), start });
        this.#budget?.spend(costUsd, model);
      },
    };
  }
}

/** A request of a client, from its admission to its end. */
export interface Visit {
  /** It was sent, or follows one that was. */
  start(): void;
  /** An attempt of it ended. */
  count(attempt: Attempt): void;
  /** @param costUsd Null where it is not known. */
  end(costUsd: number | null): void;
}

function weightsOf({ promptTokens, completionTokens }: Usage): Weights {
  const tokens = promptTokens + completionTokens;
  return { requests: 0, tokens, "input-tokens": promptTokens, "output-tokens": completionTokens };
}
