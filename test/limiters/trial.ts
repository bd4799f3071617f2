import { createLimiter, type Limiter, type LimiterOptions } from "../../src/limiters/limiters.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import type { Demand } from "../../src/model/demand.ts";
import type { RunEvent } from "../../src/model/event.ts";
import { answered, demandFor, limitsOf, never, type PerMinute } from "./attempts.ts";

interface Start {
  readonly number: number;
  readonly atMs: number;
  readonly tokens: number;
}

/** A limiter in a time of its own, and the ledger of what it started. */
export class Trial {
  readonly events: RunEvent[] = [];
  readonly starts: Start[] = [];
  readonly limiter: Limiter;
  #count = 0;

  constructor({ requestsPerMinute, tokensPerMinute, ...options }: PerMinute & Partial<LimiterOptions>) {
    this.limiter = createLimiter({
      concurrency: 1_000,
      // What it does about concurrency has tests of its own.
      adaptive: false,
      limits: limitsOf({ requestsPerMinute, tokensPerMinute }),
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Sends a request that takes no time. */
  send(tokens: number, attempt: Attempt = answered(tokens), signal: AbortSignal = never, model?: string): Promise<Attempt> {
    return this.#run(demandFor(tokens, model), tokens, attempt, signal);
  }

  /** Sends one that was asked before. */
  sendAgain(attempt: Attempt = answered()): Promise<Attempt> {
    return this.#run({ ...demandFor(0), goesFirst: true }, 0, attempt, never);
  }

  #run(demand: Demand, tokens: number, attempt: Attempt, signal: AbortSignal): Promise<Attempt> {
    const number = this.#count++;
    return this.limiter.run(
      demand,
      async () => {
        this.starts.push({ number, atMs: performance.now(), tokens });
        return attempt;
      },
      signal,
    );
  }

  get numbers(): number[] {
    return this.starts.map(({ number }) => number);
  }
}
