import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Alarm } from "../../../src/limiters/limits/alarm.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("rings for the earliest moment asked for", () => {
  const ring = vi.fn<() => void>();
  const alarm = new Alarm(ring);
  alarm.set(500, 0);
  alarm.set(200, 0);
  alarm.set(300, 0);
  vi.advanceTimersByTime(199);
  expect(ring).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(ring).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(ring).toHaveBeenCalledOnce();
});

test("can be set again once it has rung", () => {
  const ring = vi.fn<() => void>();
  const alarm = new Alarm(ring);
  alarm.set(100, 0);
  vi.advanceTimersByTime(100);
  alarm.set(100, 100);
  vi.advanceTimersByTime(100);
  expect(ring).toHaveBeenCalledTimes(2);
});

test("does not ring at once for a moment in months, which is more than a timer can hold", () => {
  const ring = vi.fn<() => void>();
  new Alarm(ring).set(2 ** 32, 0);
  vi.advanceTimersByTime(60_000);
  expect(ring).not.toHaveBeenCalled();
});

test("leaves no timer behind when it is cleared, so that the process can end", () => {
  const alarm = new Alarm(() => {});
  alarm.set(3_600_000, 0);
  alarm.clear();
  expect(vi.getTimerCount()).toBe(0);
});

test("a cleared alarm can be set to a later moment", () => {
  const ring = vi.fn<() => void>();
  const alarm = new Alarm(ring);
  alarm.set(100, 0);
  alarm.clear();
  alarm.set(200, 0);
  vi.advanceTimersByTime(200);
  expect(ring).toHaveBeenCalledOnce();
});
