import { chance, firstWord } from "../chance.ts";

interface Latency {
  readonly latencyMs: number;
  readonly jitterMs: number;
}

const latencySalt = 0x50000;

/**
 * How long one answer takes: `latencyMs` give or take up to `jitterMs`, evenly spread, never below 0, always the same for one digest.
 * In whole milliseconds, because node keeps a list of timers for each different duration.
 */
export function latencyOf({ latencyMs, jitterMs }: Latency, digest: string): number {
  if (jitterMs === 0) return Math.round(latencyMs);
  const shiftMs = (2 * chance(firstWord(digest), latencySalt) - 1) * jitterMs;
  return Math.max(0, Math.round(latencyMs + shiftMs));
}
