import type { Attempt } from "../../model/attempt.ts";
import type { Asker, Band } from "../../model/demand.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Usage } from "../../model/usage.ts";
import type { LimitStatus } from "../../limiters/limiters.ts";
import { estimateInputTokens } from "../../tokens/tokens.ts";
import type { ApiError } from "../http/api-error.ts";
import { ClientBudget } from "./client-budget.ts";
import { ClientLimits, type Taken } from "./client-limits.ts";
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

/** A client, and what it has under way. */
export class Client {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly #options: ClientOptions;
  readonly #askers: Readonly<Record<Band, Asker>>;
  readonly #limits: ClientLimits;
  readonly #budget: ClientBudget | undefined;
  #inFlight = 0;
  #waiting = 0;

  constructor(options: ClientOptions) {
    const { name, namespace, weight = 1, limits = [], maxCostUsd, clock } = options;
    this.name = name;
    this.namespace = namespace;
    this.#options = options;
    this.#askers = { live: { band: "live", client: name, weight }, batch: { band: "batch", client: name, weight } };
    this.#limits = new ClientLimits(limits, clock);
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
  limitStatus(model: string): LimitStatus[] {
    return this.#limits.status(model);
  }

  /** @returns why its request is not taken; undefined if it is. */
  refuse(request: BatchRequest): ApiError | undefined {
    const { model } = request;
    const { maxInFlight = Infinity, maxWaiting } = this.#options;
    if (!this.mayAsk(model)) return unknownModel(model);
    const usedUp = this.#budget?.refuse(model);
    if (usedUp !== undefined) return usedUp;
    if (this.#inFlight >= maxInFlight) return busy(`This client has ${this.#inFlight} requests under way, and may not have more`);
    if (this.#waiting >= maxWaiting) return busy(`${this.#waiting} requests of this client wait already`, "queue_full");
    const waitMs = this.#limits.waitMs(model, expected(request));
    return waitMs === 0 ? undefined : busy("This client's own limit is used up", "rate_limit_exceeded", waitMs);
  }

  /** A request of it that was not refused. */
  enter(request: BatchRequest): Visit {
    const { model } = request;
    const taking = this.#limits.take(model, expected(request));
    let isWaiting = true;
    let used: Taken | undefined;
    const leaveQueue = (): void => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
    this.#inFlight += 1;
    this.#waiting += 1;
    return {
      start: () => {
        leaveQueue();
        used ??= { requests: 1, tokens: 0, "input-tokens": 0, "output-tokens": 0 };
      },
      count: (attempt) => {
        const usage = attempt.ok ? attempt.response.usage : attempt.usage;
        if (used !== undefined && usage !== undefined) used = plus(used, usage);
      },
      end: (costUsd) => {
        leaveQueue();
        this.#inFlight -= 1;
        taking.settle(used);
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

/** Before it is answered: how long the answer is going to be is not known. */
function expected(request: BatchRequest): Taken {
  const tokens = estimateInputTokens(request);
  return { requests: 1, tokens, "input-tokens": tokens, "output-tokens": 1 };
}

function plus(used: Taken, { promptTokens, completionTokens }: Usage): Taken {
  return {
    requests: used.requests,
    tokens: used.tokens + promptTokens + completionTokens,
    "input-tokens": used["input-tokens"] + promptTokens,
    "output-tokens": used["output-tokens"] + completionTokens,
  };
}

function busy(message: string, code = "rate_limit_exceeded", retryAfterMs = 1_000): ApiError {
  return { status: 429, type: "rate_limit_error", code, message, retryAfterMs, isWorthRetrying: true };
}

function unknownModel(model: string): ApiError {
  const message = `There is no model ${JSON.stringify(model.slice(0, 200))} for this client`;
  return { status: 404, type: "invalid_request_error", code: "model_not_found", message, param: "model", isWorthRetrying: false };
}
