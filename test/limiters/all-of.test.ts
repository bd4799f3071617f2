import * as fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createLimiter, type Limiter, type LimiterOptions } from "../../src/limiters/limiter.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import type { RunEvent } from "../../src/model/event.ts";
import { answered, failed, never } from "./attempts.ts";

interface Start {
  readonly number: number;
  readonly atMs: number;
  readonly tokens: number;
}

/** A limiter in a time of its own, and the ledger of what it started. */
class Trial {
  readonly events: RunEvent[] = [];
  readonly starts: Start[] = [];
  readonly limiter: Limiter;
  #count = 0;

  constructor(limits: Partial<LimiterOptions>) {
    this.limiter = createLimiter({
      provider: "practice",
      concurrency: 1_000,
      onEvent: (event) => this.events.push(event),
      ...limits,
    });
  }

  /** Sends a request that takes no time. */
  send(tokens: number, attempt: Attempt = answered(tokens), signal: AbortSignal = never): Promise<Attempt> {
    const number = this.#count++;
    return this.limiter.run(
      { tokens },
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

  get tokens(): number {
    return this.starts.reduce((sum, { tokens }) => sum + tokens, 0);
  }
}

function throwBug(): never {
  throw new Error("a bug in an observer");
}

/** What Bottleneck takes to grant a permit, in a time without load. */
const permitMs = 5;

// Bottleneck is loaded when it is first needed, and loading takes real time.
beforeAll(async () => {
  await createLimiter({ provider: "practice", concurrency: 1, requestsPerMinute: 60 }).run(
    { tokens: 0 },
    async () => answered(),
    never,
  );
});
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("AllOf", () => {
  test("keeps both limits in every span of time, in order, and is never idle while there is room", async () => {
    const costs = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 80 });
    const perMinute = fc.integer({ min: 60, max: 12_000 });
    await fc.assert(
      fc.asyncProperty(perMinute, perMinute, costs, async (requestsPerMinute, tokensPerMinute, tokens) => {
        const trial = new Trial({ requestsPerMinute, tokensPerMinute });
        const beganMs = performance.now();
        const done = Promise.all(tokens.map((size) => trial.send(size)));
        await vi.runAllTimersAsync();
        await done;
        expect(trial.numbers).toEqual(tokens.map((_, number) => number));

        const requests = { perMs: requestsPerMinute / 60_000, capacity: Math.max(1, (requestsPerMinute / 60) * 0.8) };
        const flow = { perMs: tokensPerMinute / 60_000, capacity: Math.max(1, (tokensPerMinute / 60) * 0.8) };
        for (const [from, first] of trial.starts.entries()) {
          let taken = 0;
          for (const [index, { atMs, tokens: size }] of trial.starts.slice(from).entries()) {
            const spanMs = atMs - first.atMs;
            expect(index + 1).toBeLessThanOrEqual(requests.capacity + spanMs * requests.perMs + 1e-6);
            // The last one may be larger than the reservoir; then it found it full.
            expect(taken + Math.min(size, flow.capacity)).toBeLessThanOrEqual(flow.capacity + spanMs * flow.perMs + 1e-6);
            taken += size;
          }
        }

        let idealMs = 0;
        let atMs = beganMs;
        let [requestLevel, tokenLevel] = [requests.capacity, flow.capacity];
        for (const [number, size] of tokens.entries()) {
          const need = Math.min(size, flow.capacity);
          const waitMs = Math.max(0, (1 - requestLevel) / requests.perMs, (need - tokenLevel) / flow.perMs);
          idealMs += waitMs;
          requestLevel = Math.min(requests.capacity, requestLevel + waitMs * requests.perMs) - 1;
          tokenLevel = Math.min(flow.capacity, tokenLevel + waitMs * flow.perMs) - size;
          atMs = trial.starts[number]?.atMs ?? 0;
        }
        expect(atMs - beganMs).toBeLessThanOrEqual(idealMs + (tokens.length + 1) * permitMs);
      }),
      { numRuns: 40 },
    );
  });

  test("a request that waits for tokens has not taken its place in the requests per minute yet", async () => {
    const trial = new Trial({ requestsPerMinute: 60, tokensPerMinute: 6_000 });
    for (let count = 0; count < 3; count += 1) void trial.send(80);
    await vi.advanceTimersByTimeAsync(700);
    expect(trial.numbers).toEqual([0]);
    expect(trial.limiter.status().binding).toBe("requests");
    await vi.runAllTimersAsync();
    const [first, second, third] = trial.starts.map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(1_000 + 2 * permitMs);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(1_000 + 2 * permitMs);
  });

  test("says whether requests or tokens hold back", async () => {
    const requests = new Trial({ requestsPerMinute: 60, tokensPerMinute: 6_000_000 });
    const tokens = new Trial({ requestsPerMinute: 6_000_000, tokensPerMinute: 60 });
    for (const trial of [requests, tokens]) for (let count = 0; count < 3; count += 1) void trial.send(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(requests.limiter.status()).toMatchObject({ waiting: 2, binding: "requests" });
    expect(tokens.limiter.status()).toMatchObject({ waiting: 2, binding: "tokens" });
    await vi.runAllTimersAsync();
    expect(tokens.limiter.status()).toEqual({ inFlight: 0, waiting: 0, binding: "nothing", pauseMs: 0 });
  });

  test("a request larger than the reservoir goes alone when that is full, and the others wait until it is paid for", async () => {
    const trial = new Trial({ tokensPerMinute: 6_000 });
    for (const tokens of [10, 580, 1, 10]) void trial.send(tokens);
    await vi.runAllTimersAsync();
    const [small, large, next, last] = trial.starts.map(({ atMs }) => atMs);
    // 10 tokens flow in within 100 ms, and a debt of 500 is paid off in 5 seconds.
    expect((large ?? 0) - (small ?? 0)).toBeGreaterThanOrEqual(100 - 0.001);
    expect((large ?? 0) - (small ?? 0)).toBeLessThan(100 + 2 * permitMs);
    expect((next ?? 0) - (large ?? 0)).toBeGreaterThanOrEqual(5_010 - 0.001);
    expect((last ?? 0) - (large ?? 0)).toBeLessThan(5_110 + 3 * permitMs);
    expect(trial.events).toEqual([]);
  });

  test("a request larger than a whole minute's tokens is answered too, and warned of once", async () => {
    const trial = new Trial({ tokensPerMinute: 6_000 });
    const done = Promise.all([7_000, 7_000, 5].map((tokens) => trial.send(tokens)));
    await vi.runAllTimersAsync();
    await done;
    expect(trial.numbers).toEqual([0, 1, 2]);
    expect(trial.events).toHaveLength(1);
    expect(trial.events).toMatchObject([{ type: "warning", message: expect.stringContaining("7000 tokens") }]);
  });

  test.each([1, 10, 100, 200])("with 10 tokens reserved and %d used, the limit is kept by what was used", async (used) => {
    const trial = new Trial({ tokensPerMinute: 6_000, concurrency: 1 });
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      while (!stop.signal.aborted) await trial.send(10, answered(used), stop.signal);
    };
    const done = run();
    await vi.advanceTimersByTimeAsync(5_000);
    stop.abort();
    await vi.runAllTimersAsync();
    await done;
    // 80 were there, 500 flowed in; the next request waits for 10, and the last one may have gone into debt.
    const total = trial.starts.length * used;
    expect(total).toBeGreaterThan(580 - 20);
    expect(total).toBeLessThan(580 + used);
  });

  test("a refusal gives the tokens back, but not the request: the server counted that", async () => {
    const trial = new Trial({ requestsPerMinute: 600, tokensPerMinute: 6_000 });
    void trial.send(80, failed("network"));
    void trial.send(80);
    await vi.advanceTimersByTimeAsync(2 * permitMs);
    expect(trial.numbers).toEqual([0, 1]);
    // 8 requests may start at once: 2 have.
    for (let count = 0; count < 7; count += 1) void trial.send(0);
    await vi.advanceTimersByTimeAsync(40);
    expect(trial.starts.length).toBeLessThanOrEqual(8);
    await vi.runAllTimersAsync();
    expect(trial.starts).toHaveLength(9);
  });

  test("when a large request at the head gives up, the small ones behind it start at once", async () => {
    const trial = new Trial({ tokensPerMinute: 60 });
    const stop = new AbortController();
    void trial.send(1);
    const large = trial.send(500, answered(), stop.signal);
    void trial.send(0);
    await vi.advanceTimersByTimeAsync(100);
    expect(trial.numbers).toEqual([0]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(3 * permitMs);
    await expect(large).resolves.toMatchObject({ failure: { kind: "cancelled" } });
    expect(trial.numbers).toEqual([0, 2]);
  });

  test("nobody starts after a pause has begun, not even who had a permit by then", async () => {
    const trial = new Trial({ requestsPerMinute: 6_000, concurrency: 1 });
    void trial.send(0, failed("rate_limit", { retryAfterMs: 30_000, message: "Enough." }));
    for (let count = 0; count < 5; count += 1) void trial.send(0);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(trial.starts).toHaveLength(1);
    const pausedAtMs = trial.starts[0]?.atMs ?? 0;
    await vi.runAllTimersAsync();
    expect(trial.starts).toHaveLength(6);
    expect(trial.starts[1]?.atMs).toBeGreaterThanOrEqual(pausedAtMs + 30_000);
    expect(trial.events).toEqual([{ type: "pause", provider: "practice", pauseMs: 30_000, reason: "Enough." }]);
  });

  test("a pause is called out once, though a hundred requests under way are turned away", async () => {
    const trial = new Trial({ concurrency: 100 });
    await Promise.all(Array.from({ length: 100 }, () => trial.send(0, failed("rate_limit", { retryAfterMs: 1_000 }))));
    expect(trial.events).toHaveLength(1);
    const next = trial.send(0, failed("rate_limit", { retryAfterMs: 2_000 }));
    await vi.runAllTimersAsync();
    await next;
    expect(trial.events).toMatchObject([{ pauseMs: 1_000 }, { pauseMs: 2_000 }]);
  });

  test("who comes at the moment when a pause ends does not overtake those who waited for it", async () => {
    let nowMs = 0;
    const trial = new Trial({ clock: () => nowMs });
    await trial.send(0, failed("rate_limit", { retryAfterMs: 1_000 }));
    void trial.send(0);
    nowMs = 1_000;
    void trial.send(0);
    await vi.runAllTimersAsync();
    expect(trial.numbers).toEqual([0, 1, 2]);
  });

  test("a pause of months neither ends at once nor keeps a timer when nobody waits any more", async () => {
    const trial = new Trial({});
    const stop = new AbortController();
    await trial.send(0, failed("rate_limit", { retryAfterMs: 1e10 }));
    const waiting = trial.send(0, answered(), stop.signal);
    await vi.advanceTimersByTimeAsync(1e9);
    expect(trial.starts).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(1);
    stop.abort();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  test("an observer that throws ends the request it was told of, and the slot is free again", async () => {
    const limiter = createLimiter({ provider: "practice", concurrency: 1, onEvent: throwBug });
    await expect(limiter.run({ tokens: 0 }, async () => failed("rate_limit", { retryAfterMs: 10 }), never)).rejects.toThrow(
      "a bug in an observer",
    );
    const next = limiter.run({ tokens: 0 }, async () => answered(), never);
    await vi.runAllTimersAsync();
    await expect(next).resolves.toMatchObject({ ok: true });
  });
});
