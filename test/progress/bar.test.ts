import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Progress, startProgress } from "../../src/progress/progress.ts";
import { TokenStats } from "../../src/stats/token-stats.ts";
import { failed, started, succeeded } from "../stats/run-events.ts";
import { TerminalScreen } from "./screen.ts";

const idle = { inFlight: 0, waiting: 0, blockedBy: "nothing", pauseMs: 0 } as const;

let stats = new TokenStats();
let statusReads = 0;
beforeEach(() => {
  vi.useFakeTimers();
  stats = new TokenStats();
  statusReads = 0;
});
afterEach(() => vi.useRealTimers());

describe("the bar on a terminal", () => {
  it("is there at once and follows the run, on one line", () => {
    const screen = new TerminalScreen(100);
    start(screen, 4);
    expect(screen.rows).toEqual([expect.stringMatching(/^ \[>.*0 % {2}0\/4 {2}ok 0 {2}failed 0/)]);
    finishLines(2);
    vi.advanceTimersByTime(1000);
    expect(screen.rows).toEqual([expect.stringMatching(/^ \[=+>.*50 % {2}2\/4 {2}ok 2/)]);
  });

  it("leaves the terminal as it was: nothing on it, no mode changed, the cursor where it started", () => {
    const screen = new TerminalScreen(80);
    screen.write("$ llmbatch run\n");
    const cursor = screen.cursor;
    const progress = start(screen, 4);
    vi.advanceTimersByTime(3000);
    progress.stop();
    expect(screen.rows).toEqual(["$ llmbatch run"]);
    expect(screen.cursor).toEqual(cursor);
    for (const modeChange of ["\u001b[?", "\u001b7", "\u001b8"]) expect(screen.written).not.toContain(modeChange);
  });

  it("draws no more after stop, and stop may come twice", () => {
    const screen = new TerminalScreen(80);
    const progress = start(screen, 4);
    progress.stop();
    const { written } = screen;
    progress.stop();
    progress.restore();
    vi.advanceTimersByTime(5000);
    expect(screen.written).toBe(written);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is gone in an exit handler too, without a tick of the event loop", () => {
    const screen = new TerminalScreen(80);
    start(screen, 4).restore();
    expect(screen.rows).toEqual([]);
  });

  it("prints warnings whole and in order, above the bar, however wide they are", () => {
    const screen = new TerminalScreen(40);
    const progress = start(screen, 4);
    progress.log("first");
    vi.advanceTimersByTime(500);
    progress.log("x".repeat(95));
    vi.advanceTimersByTime(500);
    progress.log("last");
    expect(screen.rows).toEqual([
      "first",
      "x".repeat(40),
      "x".repeat(40),
      "x".repeat(15),
      "last",
      expect.stringMatching(/^ 0 %/),
    ]);
    progress.stop();
    progress.log("after");
    vi.advanceTimersByTime(500);
    expect(screen.rows).toEqual(["first", "x".repeat(40), "x".repeat(40), "x".repeat(15), "last", "after"]);
  });

  it("never folds, in any width from 20 to 200, and leaves nothing behind when the width changes", () => {
    const screen = new TerminalScreen(200);
    const progress = start(screen, 1_000_000);
    finishLines(30);
    for (let step = 0; step < 400; step += 1) {
      screen.columns = 20 + ((step * 67) % 181);
      vi.advanceTimersByTime(125);
      expect(screen.rows).toHaveLength(1);
    }
    progress.stop();
    expect(screen.rows).toEqual([]);
  });

  it("takes 80 columns for granted on a terminal that does not know its width", () => {
    const screen = new TerminalScreen(80);
    screen.columns = 0;
    start(screen, 4);
    expect(screen.written.length).toBeLessThan(100);
    expect(screen.written).toContain("0/4");
  });

  it("counts without percentage or time left when the total is unknown", () => {
    const screen = new TerminalScreen(100);
    start(screen);
    finishLines(5);
    vi.advanceTimersByTime(1000);
    expect(screen.rows).toEqual([expect.stringMatching(/^ 5 done {2}ok 4 {2}failed 1/)]);
    expect(screen.rows.join()).not.toMatch(/%|ETA/);
  });

  it("does no more work when the run is faster", () => {
    const screen = new TerminalScreen(100);
    start(screen, 100_000);
    finishLines(50_000);
    expect(statusReads).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(statusReads).toBeLessThanOrEqual(9);
  });

  it("falls silent, and does not end the run, when the terminal has gone away", () => {
    const screen = new TerminalScreen(100);
    start(screen, 10);
    screen.emit("error", new Error("write EIO"));
    screen.emit("error", new Error("write EIO"));
    const { written } = screen;
    vi.advanceTimersByTime(5000);
    expect(screen.written).toBe(written);
  });
});

function start(stream: TerminalScreen, total?: number): Progress {
  return startProgress({ mode: "bar", stream, stats, limiterStatus, total });
}

function limiterStatus(): typeof idle {
  statusReads += 1;
  return idle;
}

/** Every fifth line fails. */
function finishLines(count: number): void {
  for (let line = 1; line <= count; line += 1) {
    stats.observe(started(line));
    stats.observe(line % 5 === 0 ? failed(line, "timeout") : succeeded(line));
  }
}
