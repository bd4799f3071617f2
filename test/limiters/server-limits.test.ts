import { describe, expect, test } from "vitest";
import { createLimiter } from "../../src/limiters/limiter.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import { answered, demandFor, failed, limitsOf } from "./attempts.ts";

/** A server's token bucket with one second of burst, which refuses what is not there. */
class EnforcedLimit {
  readonly #perMs: number;
  readonly #capacity: number;
  #level: number;
  #atMs = performance.now();

  constructor(perMinute: number) {
    this.#perMs = perMinute / 60_000;
    this.#capacity = perMinute / 60;
    this.#level = this.#capacity;
  }

  admits(weight: number): boolean {
    const nowMs = performance.now();
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#level < weight) return false;
    this.#level -= weight;
    return true;
  }
}

interface Outcome {
  readonly admitted: number;
  readonly refused: number;
  readonly elapsedMs: number;
}

/** Sends as fast as the limiter allows; requests reach the server up to 20 ms after they started. */
async function sendFor(ms: number, limits: { rpm?: number; tpm?: number; tokens?: number }): Promise<Outcome> {
  const { rpm: requestsPerMinute, tpm: tokensPerMinute, tokens = 1 } = limits;
  const requests = new EnforcedLimit(requestsPerMinute ?? 1e9);
  const flow = new EnforcedLimit(tokensPerMinute ?? 1e9);
  const limiter = createLimiter({
    targets: [{ name: "practice" }],
    concurrency: 500,
    limits: limitsOf({ requestsPerMinute, tokensPerMinute }),
  });
  const stop = new AbortController();
  const outcome = { admitted: 0, refused: 0 };
  let sent = 0;
  // Not before: loading Bottleneck takes its time on a machine under load.
  let firstMs = Infinity;
  const task = async (): Promise<Attempt> => {
    firstMs = Math.min(firstMs, performance.now());
    await new Promise((resolve) => setTimeout(resolve, (sent++ * 7) % 20));
    const isAdmitted = requests.admits(1) && flow.admits(tokens);
    outcome[isAdmitted ? "admitted" : "refused"] += 1;
    return isAdmitted ? answered(tokens) : failed("rate_limit");
  };
  const worker = async (): Promise<void> => {
    while (!stop.signal.aborted) await limiter.run(demandFor(tokens), task, stop.signal);
  };
  const workers = Promise.all(Array.from({ length: 600 }, worker));
  await new Promise((resolve) => setTimeout(resolve, ms));
  const elapsedMs = performance.now() - firstMs;
  stop.abort();
  await workers;
  return { ...outcome, elapsedMs };
}

describe("a server that enforces the same limit with one second of burst", () => {
  test.concurrent.each([
    { rpm: 600, perSecond: 10 },
    { rpm: 6_000, perSecond: 100 },
    { rpm: 60_000, perSecond: 1_000 },
    { tpm: 120_000, tokens: 40, perSecond: 50 },
    { rpm: 6_000, tpm: 120_000, tokens: 40, perSecond: 50 },
  ])("refuses nothing, and is used to the full: %j", async ({ perSecond, ...limits }) => {
    const { admitted, refused, elapsedMs } = await sendFor(2_000, limits);
    expect(refused).toBe(0);
    // What a machine under load starts later than a tenth of a second after its time is lost.
    expect(admitted).toBeGreaterThan((elapsedMs / 1000) * perSecond * 0.7);
  });
});
