import { DigestCounts } from "../../model/counting/digest-counts.ts";
import { ArrivalLog, type ArrivalStats } from "./arrival-log.ts";

/**
 * What the server saw of requests for an answer (and of mistaken ones; reading the model list or the statistics does not count):
 * `requestsTotal = answered + refused + overloaded + failedOnPurpose + clientErrors + abandoned + inFlight` at every moment.
 */
export interface MockStats extends ArrivalStats {
  readonly requestsTotal: number;
  readonly answered: number;
  /** Throttled by a rate limit. */
  readonly refused: number;
  /** Rejected because too many were in flight. */
  readonly overloaded: number;
  readonly failedOnPurpose: number;
  /** Status 4xx for a mistake of the client's. */
  readonly clientErrors: number;
  /** The client went away before its answer. */
  readonly abandoned: number;
  /** Answers whose request had been answered before. */
  readonly duplicates: number;
  /** Tokens of answered requests only. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** From a request's headers arriving to its response being handed to the socket. */
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** ISO 8601; null before the first request. */
  readonly firstRequestAt: string | null;
  readonly lastRequestAt: string | null;
}

export type Unanswered = "refused" | "overloaded" | "failedOnPurpose" | "clientErrors" | "abandoned";

/** Counts what came in and what became of it. Grows by some 30 bytes for each different request that was answered. */
export class Ledger {
  readonly #counts = {
    requestsTotal: 0,
    answered: 0,
    refused: 0,
    overloaded: 0,
    failedOnPurpose: 0,
    clientErrors: 0,
    abandoned: 0,
    duplicates: 0,
    promptTokens: 0,
    completionTokens: 0,
    inFlight: 0,
    peakInFlight: 0,
  };
  readonly #answeredBodies = new DigestCounts();
  readonly #arrivals: ArrivalLog;
  #firstRequestMs = 0;
  #lastRequestMs = 0;

  /** @param now A monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#arrivals = new ArrivalLog(now);
  }

  begin(): void {
    this.#lastRequestMs = Date.now();
    if (this.#counts.requestsTotal === 0) this.#firstRequestMs = this.#lastRequestMs;
    this.#counts.requestsTotal += 1;
    this.#counts.inFlight += 1;
    if (this.#counts.inFlight > this.#counts.peakInFlight) this.#counts.peakInFlight = this.#counts.inFlight;
  }

  /** The request was let in; it and its answer have `tokens`. */
  accept(tokens: number): void {
    this.#arrivals.accept(tokens);
  }

  answer(digest: string, promptTokens: number, completionTokens: number): void {
    this.#counts.inFlight -= 1;
    this.#counts.answered += 1;
    this.#counts.promptTokens += promptTokens;
    this.#counts.completionTokens += completionTokens;
    if (this.#answeredBodies.add(digest) > 0) this.#counts.duplicates += 1;
  }

  endWithout(outcome: Unanswered): void {
    this.#counts.inFlight -= 1;
    this.#counts[outcome] += 1;
    if (outcome === "refused") this.#arrivals.refuse();
  }

  stats(): MockStats {
    return {
      ...this.#counts,
      totalTokens: this.#counts.promptTokens + this.#counts.completionTokens,
      firstRequestAt: this.#timeOf(this.#firstRequestMs),
      lastRequestAt: this.#timeOf(this.#lastRequestMs),
      ...this.#arrivals.stats(),
    };
  }

  #timeOf(epochMs: number): string | null {
    return this.#counts.requestsTotal === 0 ? null : new Date(epochMs).toISOString();
  }
}

/** The statistics as `GET /stats` sends them: `requests_total`, `failed_on_purpose`, … */
export function statsOnTheWire(stats: MockStats): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(stats);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
