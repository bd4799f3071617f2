/** Longest delay of Node's timers, in milliseconds, 24.8 days: longer ones run out after 1 ms. */
export const maxTimerMs: number = 2 ** 31 - 1;

/** @returns a timer; undefined for a time that no timer lasts, which does not end. */
export function endlessTimeout(run: () => void, delayMs: number): NodeJS.Timeout | undefined {
  return delayMs > maxTimerMs ? undefined : setTimeout(run, delayMs);
}
