import { type Demand, nothingUsed, type RateLimits, type Used } from "../limits/rate-limits.ts";
import { throttledReply } from "../limits/throttled-reply.ts";
import { errorReply, type Reply } from "../reply.ts";
import type { MockSettings } from "../settings.ts";

/** Why a request was not let in, and what it is told. */
interface Rejection {
  readonly outcome: "refused" | "overloaded";
  readonly reply: Reply;
}

const overloaded: Rejection = {
  outcome: "overloaded",
  reply: errorReply(503, "The engine is currently overloaded, please try again later.", {
    type: "server_error",
    code: "service_unavailable",
  }),
};

/** The server's entrance: so many at once, and only within the rate limits. */
export class Admission {
  readonly #settings: MockSettings;
  readonly #limits: RateLimits;
  #inside = 0;

  constructor(settings: MockSettings, limits: RateLimits) {
    this.#settings = settings;
    this.#limits = limits;
  }

  /** Lets a request in, which then has to `leave`, once. @returns undefined if it is in. */
  enter(model: string, demand: Demand): Rejection | undefined {
    const { maxInFlight } = this.#settings;
    if (this.#inside >= maxInFlight) return overloaded;
    const shortage = this.#limits.admit(demand);
    if (shortage !== undefined) return { outcome: "refused", reply: throttledReply(model, shortage, this.#settings) };
    this.#inside += 1;
    return undefined;
  }

  /** @param used Nothing, unless the request was answered. */
  leave(demand: Demand, used: Used = nothingUsed): void {
    this.#inside -= 1;
    this.#limits.settle(demand, used);
  }

  /** What all responses say of the limits: nothing, if the server keeps them to itself. */
  headers(): Record<string, string> {
    return this.#settings.limitHeaders ? this.#limits.headers() : {};
  }
}
