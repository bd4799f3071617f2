import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sleep } from "../../src/retry/sleep.ts";

const never = new AbortController().signal;

describe("sleep, in a time of its own", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("lasts as long as it was asked to", async () => {
    const wake = vi.fn<(isRested: boolean) => void>();
    void sleep(1_500, never).then(wake);
    await vi.advanceTimersByTimeAsync(1_499);
    expect(wake).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(wake).toHaveBeenCalledExactlyOnceWith(true);
  });

  test("lasts months, which is more than a timer can hold", async () => {
    const wake = vi.fn<(isRested: boolean) => void>();
    const monthsMs = 3 * 2 ** 31;
    void sleep(monthsMs, never).then(wake);
    await vi.advanceTimersByTimeAsync(monthsMs - 1);
    expect(wake).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(wake).toHaveBeenCalledOnce();
  });

  test("is not over when a timer fires before the clock says so", async () => {
    const start = performance.now();
    const now = performance.now.bind(performance);
    // The clock is behind the timers by a tenth.
    vi.spyOn(performance, "now").mockImplementation(() => start + (now() - start) * 0.9);
    const wake = vi.fn<(isRested: boolean) => void>();
    void sleep(900, never).then(wake);
    await vi.advanceTimersByTimeAsync(999);
    expect(wake).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(10);
    expect(wake).toHaveBeenCalledOnce();
    vi.restoreAllMocks();
  });

  test("an abort wakes all sleepers of its signal at once and leaves no timer; others sleep on", async () => {
    const stop = new AbortController();
    const sleepers = [1_000, 2_000, 3_600_000].map((ms) => sleep(ms, stop.signal));
    const other = sleep(5_000, never);
    stop.abort();
    await expect(Promise.all(sleepers)).resolves.toEqual([false, false, false]);
    expect(vi.getTimerCount()).toBe(1);
    await vi.runAllTimersAsync();
    await expect(other).resolves.toBe(true);
  });

  test("hundreds of sleepers share one listener, and leave none behind", async () => {
    const { signal } = new AbortController();
    const sleepers = Array.from({ length: 300 }, (_, index) => sleep(index % 100, signal));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await vi.runAllTimersAsync();
    await Promise.all(sleepers);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    void sleep(10, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await vi.runAllTimersAsync();
  });

  test("does not begin under a signal that was aborted before", async () => {
    await expect(sleep(1_000, AbortSignal.abort())).resolves.toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("is never a moment too short by the real clock, though Node's timers are", async () => {
  const earlyMs: number[] = [];
  const measure = async (ms: number): Promise<void> => {
    const startedMs = performance.now();
    await sleep(ms, never);
    earlyMs.push(startedMs + ms - performance.now());
  };
  await Promise.all(Array.from({ length: 400 }, (_, index) => measure(1 + (index % 60) + index / 1_000)));
  expect(Math.max(...earlyMs)).toBeLessThanOrEqual(0);
});
