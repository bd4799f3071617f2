import { vi } from "vitest";
import { createLimiter, type Limiter, type LimiterOptions } from "../../src/limiters/limiters.ts";
import type { SucceededAttempt, Attempt } from "../../src/model/attempt.ts";
import { demandFor, failed, limitsOf, type PerMinute } from "./attempts.ts";

/** A server's token bucket with one second of burst. */
export class EnforcedLimit {
  readonly #perMs: number;
  readonly #capacity: number;
  #level: number;
  #atMs = performance.now();

  /** @param perMinute Default: no limit. */
  constructor(perMinute = 1e9) {
    this.#perMs = perMinute / 60_000;
    this.#capacity = perMinute / 60;
    this.#level = this.#capacity;
  }

  has(weight: number): boolean {
    const nowMs = performance.now();
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#level >= Math.min(weight, this.#capacity);
  }

  take(weight: number): void {
    this.#level -= weight;
  }
}

export interface SimulatedServerOptions {
  /** That the client knows of. Default: none. */
  readonly limits?: PerMinute;
  readonly requests?: EnforcedLimit;
  readonly tokens?: EnforcedLimit;
  /** What it answers to the n-th request that it admits, or why it fails. */
  readonly serve: (index: number) => SucceededAttempt;
  /** Rejects the n-th request whatever the limits say. */
  readonly rejectsByChance?: (index: number) => boolean;
  readonly onEvent?: LimiterOptions["onEvent"];
}

/** Requests and answers arrive at multiples of it, many by one timer: fake timers are all looked through whenever one fires. */
const tickMs = 10;

/** A server that says no more of its limits than 429 and whole seconds, and a client that sends all it may. In a time that stands still. */
export class SimulatedServer {
  admitted = 0;
  rejected = 0;
  requests: EnforcedLimit;
  tokens: EnforcedLimit;
  readonly limiter: Limiter;
  readonly #options: SimulatedServerOptions;
  readonly #arrivals = new Map<number, Promise<void>>();
  #received = 0;

  constructor(options: SimulatedServerOptions) {
    this.#options = options;
    this.requests = options.requests ?? new EnforcedLimit();
    this.tokens = options.tokens ?? new EnforcedLimit();
    this.limiter = createLimiter({
      concurrency: 500,
      limits: limitsOf(options.limits ?? {}),
      ...(options.onEvent && { onEvent: options.onEvent }),
      random: () => 0.5,
    });
  }

  /** @param senders How many requests there are at any time. @returns what came of those that ended in this time. */
  async sendFor(ms: number, senders = 100): Promise<{ admitted: number; rejectedShare: number }> {
    const [admitted, rejected] = [this.admitted, this.rejected];
    const stop = new AbortController();
    const send = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const index = this.#received++;
        const answer = this.#options.serve(index);
        await this.limiter.run(demandFor(answer.response.usage.promptTokens), () => this.#receive(index, answer), stop.signal);
      }
    };
    const done = Promise.all(Array.from({ length: senders }, send));
    await vi.advanceTimersByTimeAsync(ms);
    const outcome = { admitted: this.admitted - admitted, rejected: this.rejected - rejected };
    stop.abort();
    await vi.advanceTimersByTimeAsync(400);
    await done;
    return { admitted: outcome.admitted, rejectedShare: outcome.rejected / (outcome.admitted + outcome.rejected) };
  }

  /** Requests are up to 20 ms on their way, and answers take 100 to 300 ms. */
  async #receive(index: number, answer: SucceededAttempt): Promise<Attempt> {
    await this.#pass((index * 7) % 20);
    const size = answer.response.usage.promptTokens;
    if (this.#options.rejectsByChance?.(index)) {
      this.rejected += 1;
      return failed("rate_limit", { retryAfterMs: 20 });
    }
    if (!this.requests.has(1) || !this.tokens.has(size)) {
      this.rejected += 1;
      return failed("rate_limit", { retryAfterMs: 1_000 });
    }
    this.requests.take(1);
    this.tokens.take(size);
    this.admitted += 1;
    await this.#pass(100 + ((index * 37) % 200));
    return answer;
  }

  #pass(ms: number): Promise<void> {
    const atMs = Math.ceil((performance.now() + ms) / tickMs) * tickMs;
    const known = this.#arrivals.get(atMs);
    if (known !== undefined) return known;
    const arrival = new Promise<void>((resolve) => setTimeout(resolve, atMs - performance.now()));
    this.#arrivals.set(atMs, arrival);
    void arrival.then(() => this.#arrivals.delete(atMs));
    return arrival;
  }
}
