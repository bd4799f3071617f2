import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { answered, failed, never } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";
import { Trial } from "../trial.ts";

/** So much later the first request may arrive, which has to connect. */
const connectMs = 50;

/** For so long the limit on tokens has been full when one starts that is larger. */
const lagMs = 15;

/** How a limit per minute is kept: so evenly that no second holds more than a sixtieth of it. */
function paceOf(perMinute: number, share: number, burstMs: number): { perMs: number; capacity: number } {
  return { perMs: (perMinute / 60_000) * share, capacity: Math.max(1, (perMinute / 60_000) * burstMs) };
}

stopTime();

describe("RequestScheduler", () => {
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

        const requests = paceOf(requestsPerMinute, 0.992, 300);
        const flow = paceOf(tokensPerMinute, 0.998, 900);
        const lag = (tokensPerMinute / 60_000) * lagMs;
        const perSecond = Math.ceil(requestsPerMinute / 60);
        for (const [from, first] of trial.starts.entries()) {
          let taken = 0;
          for (const [index, { atMs, tokens: size }] of trial.starts.slice(from).entries()) {
            const spanMs = Math.max(0, atMs - first.atMs - (from === 0 ? connectMs : 0));
            expect(index + 1).toBeLessThanOrEqual(requests.capacity + spanMs * requests.perMs + 1e-6);
            // The last one may be larger than the reservoir; then it found it full, and the one before may have been longer on the way.
            const need = size > flow.capacity ? flow.capacity + (index > 0 ? lag : 0) : size;
            expect(taken + need).toBeLessThanOrEqual(flow.capacity + spanMs * flow.perMs + 1e-6);
            taken += size;
            // A second and the jitter on the way, wherever it begins.
            expect(spanMs < 1_006 ? index + 1 : 0).toBeLessThanOrEqual(perSecond);
          }
        }

        let idealMs = 0;
        let atMs = beganMs;
        let [requestLevel, tokenLevel] = [1, flow.capacity + lag];
        let heldMs = 0;
        const idealsMs: number[] = [];
        for (const [number, size] of tokens.entries()) {
          const need = size > flow.capacity ? flow.capacity + lag : size;
          const windowMs = (idealsMs[number - perSecond] ?? -Infinity) + 1_006 - idealMs;
          const flowMs = Math.max((1 - requestLevel) / requests.perMs, (need - tokenLevel) / flow.perMs);
          const waitMs = Math.max(0, windowMs, flowMs > 0 ? heldMs + flowMs : 0);
          const flowedMs = Math.max(0, waitMs - heldMs);
          idealMs += waitMs;
          requestLevel = Math.min(requests.capacity, requestLevel + flowedMs * requests.perMs) - 1;
          tokenLevel = Math.min(flow.capacity, tokenLevel + flowedMs * flow.perMs) - size;
          heldMs = number === 0 ? connectMs : Math.max(0, heldMs - waitMs);
          idealsMs.push(idealMs + (number === 0 ? connectMs : 0));
          atMs = trial.starts[number]?.atMs ?? 0;
        }
        expect(atMs - beganMs).toBeLessThanOrEqual(idealMs + 1.01 * (tokens.length + 1));
      }),
      { numRuns: 40 },
    );
  });

  test("a limit of one token a second is not made smaller still by what is left for jitter", async () => {
    const trial = new Trial({ tokensPerMinute: 60 });
    for (const tokens of [2, 0]) void trial.send(tokens);
    await vi.runAllTimersAsync();
    const [first, second] = trial.starts.map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBeLessThanOrEqual(1_003 + connectMs);
  });

  test("a request that waits for tokens has not taken its place in the requests per minute yet", async () => {
    const trial = new Trial({ requestsPerMinute: 60, tokensPerMinute: 6_000 });
    for (let count = 0; count < 3; count += 1) void trial.send(80);
    await vi.advanceTimersByTimeAsync(700);
    expect(trial.numbers).toEqual([0]);
    expect(trial.limiter.status().blockedBy).toBe("requests");
    await vi.runAllTimersAsync();
    const [first, second, third] = trial.starts.map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(1_016 + connectMs);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(1_016);
  });

  test("says whether requests or tokens hold back", async () => {
    const requests = new Trial({ requestsPerMinute: 60, tokensPerMinute: 6_000_000 });
    const tokens = new Trial({ requestsPerMinute: 6_000_000, tokensPerMinute: 60 });
    for (const trial of [requests, tokens]) for (let count = 0; count < 3; count += 1) void trial.send(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(requests.limiter.status()).toMatchObject({ waiting: 2, blockedBy: "requests" });
    expect(tokens.limiter.status()).toMatchObject({ waiting: 2, blockedBy: "tokens" });
    await vi.runAllTimersAsync();
    expect(tokens.limiter.status()).toEqual({ inFlight: 0, waiting: 0, waitingLive: 0, blockedBy: "nothing", pauseMs: 0 });
  });

  test("a request larger than the reservoir goes alone when that is full, and the others wait until it is paid for", async () => {
    const trial = new Trial({ tokensPerMinute: 6_000 });
    for (const tokens of [10, 580, 1, 10]) void trial.send(tokens);
    await vi.runAllTimersAsync();
    const [small, large, next] = trial.starts.map(({ atMs }) => atMs);
    // 50 ms go by until the first has arrived, 10 tokens flow in within 101, it is full for 15, and a debt of 490 is paid off within 4.91 s.
    expect((large ?? 0) - (small ?? 0)).toBeGreaterThanOrEqual(165);
    expect((large ?? 0) - (small ?? 0)).toBeLessThan(167);
    expect((next ?? 0) - (large ?? 0)).toBeGreaterThanOrEqual(4_909);
    expect((next ?? 0) - (large ?? 0)).toBeLessThan(4_960);
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
    // 80 were there, 497 flowed in; the next request waits for 10, and the last one may have gone into debt.
    const total = trial.starts.length * used;
    expect(total).toBeGreaterThan(577 - 25);
    expect(total).toBeLessThan(579 + used);
  });

  test("a rejection gives the tokens back, but not the request: the server counted that", async () => {
    const trial = new Trial({ requestsPerMinute: 600, tokensPerMinute: 6_000 });
    for (let count = 0; count < 3; count += 1) void trial.send(5_000, failed("network"));
    await vi.runAllTimersAsync();
    const [first, second, third] = trial.starts.map(({ atMs }) => atMs);
    for (const gapMs of [(second ?? 0) - (first ?? 0) - connectMs, (third ?? 0) - (second ?? 0)]) {
      expect(gapMs).toBeGreaterThanOrEqual(100);
      expect(gapMs).toBeLessThan(102);
    }
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
    await vi.advanceTimersByTimeAsync(1);
    await expect(large).resolves.toMatchObject({ failure: { kind: "cancelled" } });
    expect(trial.numbers).toEqual([0, 2]);
  });

  test("a limit that is set for one model counts the requests for that model alone", async () => {
    const limits = [{ unit: "requests", amount: 60, periodMs: 60_000, model: "dear" }] as const;
    const trial = new Trial({ limits });
    for (let count = 0; count < 3; count += 1) {
      void trial.send(0, answered(), never, "dear");
      void trial.send(0, answered(), never, "cheap");
    }
    await vi.advanceTimersByTimeAsync(20);
    expect(trial.numbers.toSorted()).toEqual([0, 1, 3, 5]);
    await vi.runAllTimersAsync();
    expect(trial.numbers).toHaveLength(6);
  });

  test("requests for several models share the limits that are set for all, first come first served", async () => {
    const trial = new Trial({ requestsPerMinute: 600 });
    for (let count = 0; count < 9; count += 1) void trial.send(0, answered(), never, `model-${count % 3}`);
    await vi.runAllTimersAsync();
    expect(trial.numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect((trial.starts.at(-1)?.atMs ?? 0) - (trial.starts[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(800);
  });

  test("a limit of a day may be used up at once, and then nothing starts until the day is over", async () => {
    const limits = [{ unit: "requests", amount: 5, periodMs: 86_400_000 }] as const;
    const trial = new Trial({ limits });
    for (let count = 0; count < 6; count += 1) void trial.send(0);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(trial.starts).toHaveLength(5);
    expect(trial.limiter.status()).toMatchObject({ blockedBy: "requests", amount: 5, source: "configured" });
    await vi.runAllTimersAsync();
    const [first, , , , , last] = trial.starts.map(({ atMs }) => atMs);
    expect((last ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(86_400_000);
  });
});
