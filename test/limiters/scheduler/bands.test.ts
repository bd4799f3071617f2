import { describe, expect, test, vi } from "vitest";
import { failed } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";
import { asker, Askers } from "./askers.ts";

stopTime();

const batch = asker("batch");
const live = asker("live");
const perSecond = (amount: number): { unit: "requests"; amount: number; periodMs: number } => ({
  unit: "requests",
  amount: amount * 60,
  periodMs: 60_000,
});

describe("bands", () => {
  test("a live request starts before all of a batch that wait, and those before others that come later", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    for (let count = 0; count < 50; count += 1) void askers.send(batch);
    await vi.advanceTimersByTimeAsync(1_000);
    const before = askers.started.length;
    void askers.send(live);
    void askers.send(batch);
    void askers.send(live);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(askers.bands.slice(before, before + 5)).toBe("LLbbb");
    await vi.runAllTimersAsync();
    expect(askers.started).toHaveLength(53);
  });

  test("a batch keeps one start of nine, however many live requests wait", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    for (let count = 0; count < 100; count += 1) {
      void askers.send(live);
      void askers.send(batch);
    }
    await vi.advanceTimersByTimeAsync(6_000);
    const [, rest = ""] = /^L*b(.*)$/.exec(askers.bands) ?? [];
    expect(rest.length).toBeGreaterThan(40);
    expect(rest).toMatch(/^(?:L{8}b)*L*$/);
    await vi.runAllTimersAsync();
    expect(askers.started).toHaveLength(200);
  });

  test("under a limit that models share, live requests go first and a batch keeps its floor, whatever their models", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    for (let count = 0; count < 100; count += 1) void askers.send(batch, { model: "one" });
    for (let count = 0; count < 100; count += 1) void askers.send(live, { model: "other" });
    await vi.advanceTimersByTimeAsync(6_000);
    const [, rest = ""] = /^b*(L.*)$/.exec(askers.bands) ?? [];
    expect(rest.length).toBeGreaterThan(40);
    expect(rest).toMatch(/^(?:L{8}b)*L*$/);
    await vi.runAllTimersAsync();
    expect(askers.started).toHaveLength(200);
  });

  test("what comes back keeps its place in its own band", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    for (let count = 0; count < 20; count += 1) void askers.send(batch, { tokens: 1 });
    await vi.advanceTimersByTimeAsync(500);
    const before = askers.started.length;
    void askers.send(batch, { goesFirst: true, tokens: 2 });
    void askers.send(live, { tokens: 3 });
    await vi.advanceTimersByTimeAsync(500);
    expect(askers.started.slice(before, before + 3).map(({ tokens }) => tokens)).toEqual([3, 2, 1]);
    await vi.runAllTimersAsync();
  });

  test("one of them that is aborted leaves, and the others start", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    const stop = new AbortController();
    for (let count = 0; count < 20; count += 1) void askers.send(batch, { signal: stop.signal });
    for (let count = 0; count < 5; count += 1) void askers.send(live);
    stop.abort();
    expect(askers.limiter.waiting).toBeLessThanOrEqual(5);
    await vi.runAllTimersAsync();
    expect(askers.bands.replaceAll("b", "")).toBe("LLLLL");
    expect(askers.limiter.status()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  test("a live request that waits for its tokens is not overtaken by those of a batch that are smaller", async () => {
    const askers = new Askers({ limits: [{ unit: "tokens", amount: 60_000, periodMs: 60_000 }] });
    for (let count = 0; count < 50; count += 1) void askers.send(batch, { tokens: 100 });
    await vi.advanceTimersByTimeAsync(1_000);
    const before = askers.started.length;
    void askers.send(live, { tokens: 800 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(askers.bands[before]).toBe("L");
    await vi.runAllTimersAsync();
  });
});

describe("slots that stay free for live clients", () => {
  const cases = [
    { what: "of all", options: { concurrency: 8 }, target: undefined },
    { what: "of a target", options: {}, target: { name: "small", concurrency: { max: 8 } } },
  ];

  test.each(cases)("a quarter $what, while one was seen in the last minute", async ({ options, target }) => {
    const askers = new Askers(options);
    const asked = target === undefined ? {} : { target };
    askers.hold(live, asked);
    askers.endOne();
    for (let count = 0; count < 30; count += 1) askers.hold(batch, asked);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(askers.bands).toBe(`L${"b".repeat(6)}`);
    expect(askers.limiter.status().blockedBy).toBe("concurrency");
    askers.hold(live, asked);
    askers.hold(live, asked);
    askers.hold(live, asked);
    await vi.advanceTimersByTimeAsync(0);
    expect(askers.bands).toBe(`L${"b".repeat(6)}LL`);
    askers.endOne();
    await vi.advanceTimersByTimeAsync(0);
    expect(askers.bands).toBe(`L${"b".repeat(6)}LLL`);
    await vi.advanceTimersByTimeAsync(60_000);
    for (let count = 0; count < 5; count += 1) askers.endOne();
    await vi.advanceTimersByTimeAsync(0);
    expect(askers.bands.slice(10)).toBe("bbbbb");
    while (askers.limiter.waiting > 0) {
      askers.endOne();
      await vi.advanceTimersByTimeAsync(0);
    }
  });

  test("they are given up when the minute is over, without any other event", async () => {
    const askers = new Askers({ concurrency: 4 });
    await askers.send(live);
    for (let count = 0; count < 6; count += 1) askers.hold(batch);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(askers.bands).toBe("Lbb");
    await vi.advanceTimersByTimeAsync(1_100);
    expect(askers.bands).toBe("Lbbbb");
  });

  test("a batch has one slot in any case, and a learned number of slots still grows", async () => {
    const askers = new Askers({ concurrency: 40, adaptive: true });
    await askers.send(live);
    for (let count = 0; count < 60; count += 1) askers.hold(batch);
    await vi.advanceTimersByTimeAsync(0);
    expect(askers.bands).toBe("Lb");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(askers.bands).toBe(`L${"b".repeat(30)}`);
  });

  test("a pause is one for both bands", async () => {
    const askers = new Askers({ limits: [perSecond(10)] });
    await askers.send(live, { attempt: failed("rate_limit", { retryAfterMs: 2_000 }) });
    void askers.send(batch);
    void askers.send(live);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(askers.bands).toBe("L");
    await vi.runAllTimersAsync();
    expect(askers.bands).toBe("LLb");
  });
});
