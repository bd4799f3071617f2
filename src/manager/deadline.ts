import type { Stop } from "./stop-conditions.ts";

const longestTimerMs = 2 ** 31 - 1;

/** Calls `stop` when a run has lasted `deadlineMs`. @returns the timer to clear; undefined if there is none to wait for. */
export function startDeadline(deadlineMs: number | undefined, stop: (stop: Stop) => void): NodeJS.Timeout | undefined {
  if (deadlineMs === undefined || deadlineMs > longestTimerMs) return undefined;
  const message = `the deadline of ${deadlineMs / 1000} s has passed`;
  return setTimeout(() => stop({ reason: "deadline", message }), deadlineMs);
}
