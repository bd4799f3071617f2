import { describe, expect, test, vi } from "vitest";
import { createLimiter } from "../../../src/limiters/limiters.ts";
import { answered, demandFor, failed, never } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";
import { Trial } from "../trial.ts";

function throwBug(): never {
  throw new Error("a bug in an observer");
}

stopTime();

describe("RequestScheduler", () => {
  test("nothing starts after a pause has begun", async () => {
    const trial = new Trial({ requestsPerMinute: 6_000, concurrency: 1 });
    void trial.send(0, failed("rate_limit", { retryAfterMs: 30_000, message: "Enough." }));
    for (let count = 0; count < 5; count += 1) void trial.send(0);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(trial.starts).toHaveLength(1);
    const pausedAtMs = trial.starts[0]?.atMs ?? 0;
    await vi.runAllTimersAsync();
    expect(trial.starts).toHaveLength(6);
    expect(trial.starts[1]?.atMs).toBeGreaterThanOrEqual(pausedAtMs + 30_000);
    expect(trial.events).toEqual([{ type: "pause", provider: "mock", model: "mock-1", pauseMs: 30_000, reason: "Enough." }]);
  });

  test("a pause is called out once, though a hundred requests in flight are rejected", async () => {
    const trial = new Trial({ concurrency: 100 });
    await Promise.all(Array.from({ length: 100 }, () => trial.send(0, failed("rate_limit", { retryAfterMs: 1_000 }))));
    expect(trial.events).toHaveLength(1);
    const next = trial.send(0, failed("rate_limit", { retryAfterMs: 2_000 }));
    await vi.runAllTimersAsync();
    await next;
    const pauses = trial.events.filter(({ type }) => type === "pause");
    expect(pauses).toMatchObject([{ pauseMs: 1_000 }, { pauseMs: 2_000 }]);
  });

  test("a request that comes as a pause ends does not overtake those that waited for it", async () => {
    let nowMs = 0;
    const trial = new Trial({ clock: () => nowMs });
    await trial.send(0, failed("overloaded", { retryAfterMs: 1_000 }));
    void trial.send(0);
    nowMs = 1_000;
    void trial.send(0);
    await vi.runAllTimersAsync();
    expect(trial.numbers).toEqual([0, 1, 2]);
  });

  test("a pause of months neither ends at once nor keeps a timer when nothing waits any more", async () => {
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
    const limiter = createLimiter({ concurrency: 1, onEvent: throwBug });
    await expect(limiter.run(demandFor(0), async () => failed("rate_limit", { retryAfterMs: 10 }), never)).rejects.toThrow(
      "a bug in an observer",
    );
    const next = limiter.run(demandFor(0), async () => answered(), never);
    await vi.runAllTimersAsync();
    await expect(next).resolves.toMatchObject({ ok: true });
  });

  test("a pause of one model does not hold up the requests for another", async () => {
    const trial = new Trial({});
    await trial.send(0, failed("rate_limit", { retryAfterMs: 60_000 }), never, "slow");
    void trial.send(0, answered(), never, "slow");
    await trial.send(0, answered(), never, "quick");
    expect(trial.numbers).toEqual([0, 2]);
    expect(trial.limiter.status()).toMatchObject({ waiting: 1, blockedBy: "pause" });
    await vi.runAllTimersAsync();
    expect(trial.numbers).toEqual([0, 2, 1]);
  });

  test("what was learned is forgotten, and what waits for a pause goes on, when limits are reset", async () => {
    const trial = new Trial({});
    await trial.send(0, failed("rate_limit", { retryAfterMs: 1e9 }));
    const waiting = trial.send(0);
    trial.limiter.resetRateLimits();
    await expect(waiting).resolves.toMatchObject({ ok: true });
    expect(trial.limiter.rateLimits()).toMatchObject([{ model: "mock-1", limits: [], pauseMs: 0 }]);
  });
});
