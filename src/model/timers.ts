/** Longest delay of Node's timers, in milliseconds, 24.8 days: longer ones run out after 1 ms. */
export const maxTimerMs: number = 2 ** 31 - 1;

/** @returns the timer; undefined for a delay that no timer lasts: `run` is then never called. */
export function startTimer(run: () => void, delayMs: number): NodeJS.Timeout | undefined {
  return delayMs > maxTimerMs ? undefined : setTimeout(run, delayMs);
}
