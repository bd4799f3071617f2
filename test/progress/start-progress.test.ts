import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readFigures } from "../../src/progress/figures.ts";
import { type Progress, type ProgressMode, startProgress } from "../../src/progress/progress.ts";
import { TokenStats } from "../../src/stats/token-stats.ts";
import { succeeded } from "../stats/run-events.ts";
import { TerminalScreen } from "./screen.ts";

const busy = { inFlight: 3, waiting: 1, blockedBy: "requests", pauseMs: 0 } as const;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("which form is chosen", () => {
  it.each<[mode: ProgressMode, place: string, term: string | undefined, form: string]>([
    ["auto", "terminal", "xterm-256color", "bar"],
    ["auto", "terminal", undefined, "bar"],
    ["auto", "terminal", "dumb", "plain"],
    ["auto", "file", "xterm-256color", "plain"],
    ["bar", "terminal", "dumb", "bar"],
    ["bar", "file", "xterm", "plain"],
    ["plain", "terminal", "xterm", "plain"],
    ["json", "terminal", "xterm", "json"],
    ["none", "terminal", "xterm", "none"],
  ])("%s on a %s with TERM=%s is %s", (mode, place, term, form) => {
    const stream = place === "terminal" ? new TerminalScreen(80) : new PassThrough();
    const progress = start(mode, stream, term);
    vi.advanceTimersByTime(5000);
    const written = stream instanceof TerminalScreen ? stream.written : textOf(stream);
    expect(formOf(written)).toBe(form);
    progress.stop();
  });
});

describe("plain lines", () => {
  it("come every five seconds, so a short run prints none", () => {
    const stream = new PassThrough();
    const progress = start("plain", stream);
    vi.advanceTimersByTime(4999);
    expect(textOf(stream)).toBe("");
    vi.advanceTimersByTime(10_001);
    expect(textOf(stream).match(/^llmbatch: 1\/10 \(10 %\) {2}ok 1 .*limit: rpm.*\n/gm)).toHaveLength(3);
    progress.stop();
    progress.stop();
    vi.advanceTimersByTime(60_000);
    expect(textOf(stream)).toBe("");
  });
});

it("counts a pause in the time that is left: it said a minute where an hour was to be waited", () => {
  const stats = new TokenStats();
  const paused = { inFlight: 0, waiting: 9, blockedBy: "pause", pauseMs: 60_000 } as const;
  stats.observe({ type: "request-start", customId: "a", lineNumber: 1 });
  vi.advanceTimersByTime(1_000);
  stats.observe(succeeded(1));
  expect(readFigures({ stats, limiterStatus: () => paused, total: 4 }).secondsLeft).toBeCloseTo(63);
  expect(readFigures({ stats, limiterStatus: () => paused, total: 1 }).secondsLeft).toBe(0);
  expect(readFigures({ stats, limiterStatus: () => paused, total: 4, workers: () => 0 }).secondsLeft).toBeUndefined();
});

describe("JSON lines", () => {
  it("come every second and once more at the end, and a warning is one of them", () => {
    const stream = new PassThrough();
    const progress = start("json", stream);
    vi.advanceTimersByTime(2000);
    progress.log("slow\u009b down");
    progress.stop();
    progress.stop();
    vi.advanceTimersByTime(5000);
    const text = textOf(stream);
    expect(text).not.toContain("\u009b");
    const records: unknown[] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const progressRecord = expect.objectContaining({
      type: "progress",
      requests_total: 10,
      requests_completed: 1,
      in_flight: 3,
      limit: "rpm",
    });
    expect(records).toEqual([progressRecord, progressRecord, { type: "warning", message: "slow\u009b down" }, progressRecord]);
  });

  it("have no last word in an exit handler", () => {
    const stream = new PassThrough();
    const progress = start("json", stream);
    progress.restore();
    progress.stop();
    expect(textOf(stream)).toBe("");
  });
});

it("prints warnings in every mode, also when there is no progress", () => {
  for (const mode of ["plain", "none"] as const) {
    const stream = new PassThrough();
    start(mode, stream).log("llmbatch: careful");
    expect(textOf(stream)).toBe("llmbatch: careful\n");
  }
});

function start(mode: ProgressMode, stream: PassThrough | TerminalScreen, term?: string): Progress {
  const stats = new TokenStats();
  stats.observe(succeeded(1));
  return startProgress({ mode, stream, stats, limiterStatus: () => busy, total: 10, term });
}

/** What was written since the last call. */
function textOf(stream: PassThrough): string {
  let text = "";
  // Some versions of node give one chunk a call, others all.
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
  return text;
}

function formOf(written: string): string {
  if (written.includes("\r")) return "bar";
  if (written.startsWith("{")) return "json";
  return written === "" ? "none" : "plain";
}
