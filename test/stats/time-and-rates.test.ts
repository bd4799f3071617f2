import { describe, expect, it } from "vitest";
import { TokenStats } from "../../src/stats/token-stats.ts";
import { attemptEnded, HandClock, started, statsOf, succeeded, usage } from "./run-events.ts";

describe("time and rates", () => {
  it("counts time from the first event, not from when it was made, and stops with the run", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    clock.ms += 60_000;
    expect(stats.elapsedSeconds).toBe(0);
    stats.observe(started(1));
    clock.ms += 2500;
    expect(stats.elapsedSeconds).toBe(2.5);
    stats.end();
    clock.ms += 60_000;
    stats.end();
    expect(stats.elapsedSeconds).toBe(2.5);
    expect(stats.startTime.toISOString()).toBe("2026-01-02T03:05:05.000Z");
  });

  it("tells the pace of the last seconds while it runs, and the mean of the whole run at its end", () => {
    const { clock, stats } = runAt({ linesPerSecond: 100, seconds: 20 });
    observeAt(clock, stats, { linesPerSecond: 10, seconds: 20 });
    expect(stats.requestsPerSecond).toBeCloseTo(10, 0);
    expect(stats.tokensPerSecond).toBeCloseTo(150, -1);
    stats.end();
    expect(stats.requestsPerSecond).toBeCloseTo(55, 0);
    expect(stats.tokensPerSecond).toBeCloseTo(825, -1);
  });

  it("foretells the time left from the present pace", () => {
    const { stats } = runAt({ linesPerSecond: 50, seconds: 30 });
    expect(stats.secondsFor(1000)).toBeCloseTo(20, 0);
  });

  it("does not take a burst from the cache for the pace of what is left", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    for (let line = 1; line <= 5000; line += 1) stats.observe(succeeded(line, "cache"));
    observeAt(clock, stats, { linesPerSecond: 5, seconds: 5 });
    expect(stats.secondsFor(1000)).toBeCloseTo(200, -1);
  });

  it("goes by the pace of the cache when all comes from there", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    for (let line = 1; line <= 5000; line += 1) stats.observe(succeeded(line, "cache"));
    clock.ms += 1000;
    expect(stats.secondsFor(10_000)).toBeCloseTo(2, 1);
  });

  it("still knows the time left when answers take minutes", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    stats.observe(started(1));
    clock.ms += 300_000;
    for (let line = 1; line <= 10; line += 1) stats.observe(succeeded(line));
    clock.ms += 100_000;
    expect(stats.secondsFor(10)).toBeCloseTo(400, 0);
  });

  it("promises nothing before the first line is done", () => {
    expect(statsOf(started(1)).secondsFor(10)).toBeUndefined();
    expect(new TokenStats().secondsFor(10)).toBeUndefined();
  });
});

interface Pace {
  readonly linesPerSecond: number;
  readonly seconds: number;
}

function runAt(pace: Pace): { clock: HandClock; stats: TokenStats } {
  const clock = new HandClock();
  const stats = new TokenStats(clock);
  stats.observe(started(1));
  observeAt(clock, stats, pace);
  return { clock, stats };
}

function observeAt(clock: HandClock, stats: TokenStats, { linesPerSecond, seconds }: Pace): void {
  for (let line = 1; line <= linesPerSecond * seconds; line += 1) {
    clock.ms += 1000 / linesPerSecond;
    stats.observe(attemptEnded(line, { usage: usage(10, 5) }));
    stats.observe(succeeded(line));
  }
}
