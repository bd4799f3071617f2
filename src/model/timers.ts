/** Longest delay of Node's timers, in milliseconds: longer ones run out after 1 ms. */
export const maxTimerMs: number = 2 ** 31 - 1;
