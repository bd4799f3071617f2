import { describe, expect, test, vi } from "vitest";
import { createLimiter, type LimiterOptions } from "../../../src/limiters/limiters.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import type { Candidate, Demand, Target } from "../../../src/model/demand.ts";
import type { LimiterEvent } from "../../../src/model/event.ts";
import { deferred } from "../../support/deferred.ts";
import { answered, failed, never } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";

stopTime();

const perMinute = (amount: number) => ({ unit: "requests", amount, periodMs: 60_000 }) as const;

/** The targets of the test that runs, which it names by their index. */
let targets: readonly Target[] = [];

type Run = (demanded: Demand, task: (target: number) => Promise<Attempt>, signal: AbortSignal) => Promise<Attempt>;

function create(given: readonly Target[], options: Partial<LimiterOptions> = {}): { readonly run: Run } {
  targets = given;
  const limiter = createLimiter({ concurrency: 1_000, adaptive: false, ...options });
  return { run: (demanded, task, signal) => limiter.run(demanded, (target) => task(given.indexOf(target)), signal) };
}

/** @param ranks Of the targets, in their order. */
function demand(ranks: readonly number[], weights: readonly number[] = []): Demand {
  const cost = { model: "m", inputTokens: 1, counting: "input" } as const;
  const candidates = ranks.map((rank, index): Candidate => {
    const target = targets[index] ?? { name: "none" };
    return { target, cost, rank, weight: weights[index] ?? 1 };
  });
  return { model: "m", candidates };
}

/** Which target each of so many requests went to that take `ms` and end as told. */
async function send(
  limiter: { readonly run: Run },
  requests: number,
  demanded: Demand,
  outcome: (target: number) => Attempt = () => answered(),
  ms = 100,
): Promise<number[]> {
  const went: number[] = [];
  const done = Promise.all(
    Array.from({ length: requests }, () =>
      limiter.run(
        demanded,
        async (target) => {
          went.push(target);
          await new Promise((resolve) => setTimeout(resolve, ms));
          return outcome(target);
        },
        never,
      ),
    ),
  );
  await vi.runAllTimersAsync();
  await done;
  return went;
}

function count(went: readonly number[], target: number): number {
  return went.filter((one) => one === target).length;
}

describe("several places to send to", () => {
  test("are closed for longer than a request may wait only where all of them are", async () => {
    const limiter = create([{ name: "a" }, { name: "b" }], { maxWaitMs: 60_000, concurrency: 2 });
    const closed = failed("rate_limit", { retryAfterMs: 3_600_000 });
    const ends = (target: number): Attempt => (target === 0 ? closed : answered());
    const went = await send(limiter, 10, demand([0, 0]), ends);
    expect(count(went, 1)).toBe(9);
    const last = limiter.run(demand([0, 0]), async () => failed("rate_limit", { retryAfterMs: 7_200_000 }), never);
    expect(await last).toMatchObject({ failure: { retryable: false, closure: { opensInMs: expect.closeTo(3_600_000, -4) } } });
  });

  test("of one rank share the load evenly, each request going where fewest are under way", async () => {
    const went = await send(create([{ name: "a" }, { name: "b" }, { name: "c" }]), 300, demand([0, 0, 0]));
    expect([0, 1, 2].map((target) => count(went, target))).toEqual([100, 100, 100]);
  });

  test("take as much of the load as their weight says", async () => {
    const went = await send(create([{ name: "a" }, { name: "b" }]), 400, demand([0, 0], [3, 1]));
    expect(count(went, 0)).toBeGreaterThan(290);
    expect(count(went, 0)).toBeLessThan(310);
  });

  test("keep limits of their own: two of 300 a minute let through 600, and neither more than its own", async () => {
    const limiter = create([
      { name: "a", limits: [perMinute(300)] },
      { name: "b", limits: [perMinute(300)] },
    ]);
    const startedMs = performance.now();
    const went = await send(limiter, 100, demand([0, 0]), () => answered(), 1);
    expect([0, 1].map((target) => count(went, target))).toEqual([50, 50]);
    const seconds = (performance.now() - startedMs) / 1000;
    expect(seconds).toBeGreaterThan(9.7);
    expect(seconds).toBeLessThan(10.6);
  });

  test("of a higher rank are not used while one of a lower rank is well, even if that one is slow", async () => {
    const limiter = create([{ name: "first", limits: [perMinute(600)] }, { name: "second" }]);
    const went = await send(limiter, 30, demand([0, 1]), () => answered(), 1);
    expect(count(went, 1)).toBe(0);
  });

  test("one that has never answered gets few at a time where others stand in for it, so that few are lost if it is dead", async () => {
    const dead = create([{ name: "dead" }, { name: "well" }], { adaptive: true });
    const went = await send(dead, 1_000, demand([0, 1]), (target) => (target === 0 ? failed("timeout") : answered()), 5_000);
    expect(count(went, 0)).toBeLessThanOrEqual(30);
    const well = create([{ name: "well" }, { name: "stand-in" }], { adaptive: true });
    expect(count(await send(well, 1_000, demand([0, 1]), () => answered(), 5_000), 0)).toBe(1_000);
  });

  test("one that is paused is left alone until its pause is over, and the others go on", async () => {
    const limiter = create([{ name: "a" }, { name: "b" }]);
    await send(limiter, 2, demand([0, 0]), (target) =>
      target === 0 ? failed("rate_limit", { retryAfterMs: 60_000 }) : answered(),
    );
    const went: number[] = [];
    for (let request = 0; request < 10; request += 1)
      await limiter.run(demand([0, 0]), async (target) => (went.push(target), answered()), never);
    expect(went).toEqual(Array.from({ length: 10 }, () => 1));
    await vi.advanceTimersByTimeAsync(60_001);
    expect(count(await send(limiter, 10, demand([0, 0])), 0)).toBe(5);
  });

  test.each([
    ["no request gets through to", [failed("network")]],
    ["answers with errors", [failed("server_error", { statusCode: 500 })]],
    ["answers too late", [failed("timeout")]],
    [
      "fails in every way",
      [
        failed("server_error", { statusCode: 500 }),
        failed("network"),
        failed("server_error", { statusCode: 502 }),
        failed("timeout"),
      ],
    ],
  ])(
    "one that %s costs a probe now and then, while the second answers; when it is back it is used again",
    async (_, failures) => {
      const limiter = create([{ name: "primary" }, { name: "secondary" }]);
      let isDown = true;
      const outcome = (target: number): Attempt =>
        (target === 0 && isDown ? failures[went.length % failures.length] : undefined) ?? answered();
      const went: number[] = [];
      const worker = async (): Promise<void> => {
        while (went.length < 5_000)
          await limiter.run(
            demand([0, 1]),
            async (target) => {
              went.push(target);
              await new Promise((resolve) => setTimeout(resolve, 50));
              return outcome(target);
            },
            never,
          );
      };
      const done = Promise.all(Array.from({ length: 20 }, worker));
      await vi.runAllTimersAsync();
      await done;
      expect(count(went, 0)).toBeLessThanOrEqual(50);
      isDown = false;
      await vi.advanceTimersByTimeAsync(31_000);
      const later = await send(limiter, 100, demand([0, 1]));
      expect(count(later, 0)).toBeGreaterThan(0);
      expect(count(await send(limiter, 100, demand([0, 1])), 0)).toBe(100);
    },
  );

  test("are all used, with no wait and no alarm, when all requests fail at each of them", async () => {
    const events: LimiterEvent[] = [];
    const onEvent: LimiterOptions["onEvent"] = (event) => event.type === "circuit" && events.push(event);
    const limiter = create([{ name: "a" }, { name: "b" }], { onEvent });
    const startedMs = performance.now();
    const went: number[] = [];
    const worker = async (): Promise<void> => {
      while (went.length < 1_000) {
        const task = async (target: number): Promise<Attempt> => {
          went.push(target);
          return failed("server_error", { statusCode: 500 });
        };
        await limiter.run(demand([0, 0]), task, never);
      }
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    expect(performance.now() - startedMs).toBe(0);
    expect(count(went, 0)).toBeGreaterThan(400);
    expect(count(went, 1)).toBeGreaterThan(400);
    expect(events.map(({ provider, type }) => `${provider} ${type}`)).toEqual(["a circuit", "b circuit"]);
  });

  test.each([
    ["errors", failed("server_error", { statusCode: 500 }), [true]],
    ["no connection", failed("network"), [false]],
  ])("one that gives %s is reported once, with whether it answers at all", async (_, failure, reported) => {
    const events: LimiterEvent[] = [];
    const onEvent: LimiterOptions["onEvent"] = (event) => event.type === "circuit" && events.push(event);
    const limiter = create([{ name: "a" }, { name: "b" }], { onEvent });
    await send(limiter, 20, demand([0, 1]), (target) => (target === 0 ? failure : answered()));
    expect(events.map((event) => event.type === "circuit" && event.isReachable)).toEqual(reported);
    expect(await send(limiter, 20, demand([0, 1]), () => answered())).not.toContain(0);
  });

  test("one that is alone is asked however it fails, as long as it answers", async () => {
    const events: LimiterEvent[] = [];
    const limiter = create([{ name: "a" }], { onEvent: (event) => event.type === "circuit" && events.push(event) });
    const startedMs = performance.now();
    const went = await send(limiter, 50, demand([0]), () => failed("server_error", { statusCode: 500 }), 1);
    expect([went.length, performance.now() - startedMs, events.length]).toEqual([50, 1, 0]);
  });

  test("are chosen where fewest are under way when a request starts, not when it comes", async () => {
    const limiter = create([{ name: "stuck" }, { name: "quick" }], { concurrency: 2 });
    const went: number[] = [];
    const stuck = deferred<Attempt>();
    const task = (target: number): Promise<Attempt> => {
      went.push(target);
      return target === 0 ? stuck.promise : Promise.resolve(answered());
    };
    const all = Array.from({ length: 11 }, () => limiter.run(demand([0, 0]), task, never));
    const quick = Promise.all(all.slice(1));
    await vi.runAllTimersAsync();
    await quick;
    expect(went).toEqual([0, ...Array.from({ length: 10 }, () => 1)]);
    stuck.resolve(answered());
    await all[0];
  });

  test("one that is evicted gets nothing more; the last one is never out of use, because it has to say why", async () => {
    const evicted = new Set([0]);
    const isEvicted = (target: number) => (): boolean => evicted.has(target);
    const limiter = create([
      { name: "a", isEvicted: isEvicted(0) },
      { name: "b", isEvicted: isEvicted(1) },
    ]);
    expect(count(await send(limiter, 10, demand([0, 0])), 1)).toBe(10);
    evicted.add(1);
    expect(await send(limiter, 2, demand([0, 0]))).toHaveLength(2);
  });
});
