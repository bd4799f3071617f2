import { describe, expect, test, vi } from "vitest";
import type { SharedLease, SharedLimitStatus, SharedTarget, Taken } from "../../../src/limiters/limiters.ts";
import { SharedGate } from "../../../src/limiters/limits/shared-gate.ts";
import { minuteMs, noWeights, type Weights } from "../../../src/model/rate-limit.ts";
import { stopTime } from "../stopped-time.ts";

const one: Weights = { ...noWeights, requests: 1 };
const perSecond: SharedLimitStatus = limit(60_000, minuteMs);

function limit(amount: number, periodMs: number, available = amount): SharedLimitStatus {
  return { unit: "requests", amount, periodMs, available, source: "configured" };
}

/** A target that another process keeps: it answers when, and as, the test says. */
class RemoteTarget implements SharedTarget {
  isReachable = true;
  pauseMs = 0;
  pauseReason = "";
  limits: readonly SharedLimitStatus[];
  readonly asked: Weights[] = [];
  readonly reported: Weights[] = [];
  readonly settled: Weights[] = [];
  #answer: ((taken: Taken) => void) | undefined;

  constructor(...limits: readonly SharedLimitStatus[]) {
    this.limits = limits;
  }

  take(amounts: Weights): Promise<Taken> {
    this.asked.push(amounts);
    return new Promise((resolve) => (this.#answer = resolve));
  }

  async answer(taken: Taken): Promise<void> {
    this.#answer?.(taken);
    await vi.advanceTimersByTimeAsync(0);
  }

  async grant(startsInMs = 0, amounts = this.asked.at(-1) ?? one): Promise<void> {
    await this.answer({ type: "lease", lease: { id: "lease", amounts, startsInMs, unit: "requests" } });
  }

  report(_: SharedLease, left: Weights): void {
    this.reported.push(left);
  }

  settle(unused: Weights): void {
    this.settled.push(unused);
  }

  pause(): void {}
  learn(): void {}
  close(): void {}
}

function gateOf(target: SharedTarget): { gate: SharedGate; changes: () => number } {
  let changes = 0;
  const gate = new SharedGate({
    open: () => target,
    onChange: () => (changes += 1),
    onPause: () => {},
    onLearned: () => {},
    clock: () => performance.now(),
    random: () => 0.5,
  });
  return { gate, changes: () => changes };
}

/** Starts as many at this moment as it allows, and says how many. */
function startAll(gate: SharedGate, max: number): number {
  let started = 0;
  for (; started < max && gate.blockedBy({ weights: one }) === undefined; started += 1) gate.started({ weights: one });
  return started;
}

describe("a gate for limits that several processes keep", () => {
  stopTime();

  test("asks once, and lets a request start when the turn of its lease has come", async () => {
    const target = new RemoteTarget(perSecond);
    const { gate, changes } = gateOf(target);
    for (let time = 0; time < 3; time += 1) expect(gate.blockedBy({ weights: one })).toMatchObject({ reason: "requests" });
    expect(target.asked).toEqual([one]);
    await target.grant(40);
    expect(changes()).toBe(1);
    expect(gate.blockedBy({ weights: one })).toMatchObject({ waitMs: 40, amount: 60_000 });
    vi.advanceTimersByTime(40);
    expect(startAll(gate, 5)).toBe(1);
    expect(target.reported).toEqual([noWeights]);
  });

  test("a lease that came after a second is given back whole, for it may have expired", async () => {
    const target = new RemoteTarget(perSecond);
    const { gate } = gateOf(target);
    gate.blockedBy({ weights: one });
    vi.advanceTimersByTime(1_001);
    await target.grant();
    expect(target.reported).toEqual([one]);
    expect(gate.blockedBy({ weights: one })).toBeDefined();
    expect(target.asked).toHaveLength(2);
  });

  test("one that is rejected waits as long as it is told, and a little longer than others, before it asks again", async () => {
    const target = new RemoteTarget(perSecond);
    const { gate } = gateOf(target);
    gate.blockedBy({ weights: one });
    await target.answer({ type: "rejected", retryInMs: 200, unit: "requests" });
    expect(gate.blockedBy({ weights: one })).toMatchObject({ reason: "requests", waitMs: 225 });
    vi.advanceTimersByTime(224);
    gate.blockedBy({ weights: one });
    expect(target.asked).toHaveLength(1);
    vi.advanceTimersByTime(2);
    gate.blockedBy({ weights: one });
    expect(target.asked).toHaveLength(2);
  });

  test("a quota that is used up is asked for again within about a second: others may give some of it back", async () => {
    const target = new RemoteTarget(limit(10, 3_600_000, 0));
    const { gate } = gateOf(target);
    gate.blockedBy({ weights: one });
    await target.answer({ type: "rejected", retryInMs: 1_800_000, unit: "requests" });
    expect(gate.blockedBy({ weights: one })?.waitMs).toBeLessThanOrEqual(1_050);
  });

  test.each([
    { left: 1_000, asks: 7 },
    { left: 3, asks: 3 },
    { left: -5, asks: 1 },
  ])("at a high rate a lease is for many requests, of a quota with $left left for $asks", async ({ left, asks }) => {
    const target = new RemoteTarget(perSecond, limit(1_000, 3_600_000, left));
    const { gate } = gateOf(target);
    for (let start = 0; start < 100; start += 1) {
      gate.blockedBy({ weights: one });
      await target.grant();
      gate.started({ weights: one });
    }
    expect(target.asked.at(-1)?.requests).toBe(asks);
  });

  test("the next lease is asked for when half of one is left, so that starts need not wait for it", async () => {
    const target = new RemoteTarget(perSecond);
    const { gate } = gateOf(target);
    gate.blockedBy({ weights: one });
    await target.grant(0, { ...noWeights, requests: 10 });
    expect(startAll(gate, 4)).toBe(4);
    expect(target.asked).toHaveLength(1);
    expect(startAll(gate, 1)).toBe(1);
    expect(target.asked).toHaveLength(2);
    await target.grant();
    expect(startAll(gate, 100)).toBeGreaterThan(5);
  });

  test("what no request came for is given back when its time is over", async () => {
    const target = new RemoteTarget(perSecond);
    const { gate } = gateOf(target);
    gate.blockedBy({ weights: one });
    await target.grant(20, { ...noWeights, requests: 4 });
    vi.advanceTimersByTime(20);
    expect(startAll(gate, 1)).toBe(1);
    vi.advanceTimersByTime(79);
    expect(target.reported).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(target.reported).toEqual([{ ...noWeights, requests: 3 }]);
  });

  test("what starts without a lease is settled, and what was not used is given back", () => {
    const target = new RemoteTarget(perSecond);
    const { gate } = gateOf(target);
    gate.started({ weights: one });
    expect(target.settled).toMatchObject([{ requests: -1 }]);
    gate.ended({ unused: { ...noWeights, tokens: 5 }, start: { atMs: performance.now() } });
    gate.ended({ unused: noWeights, start: { atMs: performance.now() } });
    expect(target.settled).toMatchObject([{ requests: -1 }, { tokens: 5 }]);
  });

  test("nothing starts while it cannot be reached, or pauses; without limits all starts without a call", () => {
    const target = new RemoteTarget();
    const { gate } = gateOf(target);
    expect(startAll(gate, 5)).toBe(5);
    target.pauseMs = 70;
    target.pauseReason = "slow down";
    expect(gate.blockedBy({ weights: one })).toMatchObject({ reason: "pause", waitMs: 70, rejection: { message: "slow down" } });
    target.isReachable = false;
    expect(gate.blockedBy({ weights: one })).toMatchObject({ reason: "shared-limits" });
    expect(target.asked).toEqual([]);
  });
});
