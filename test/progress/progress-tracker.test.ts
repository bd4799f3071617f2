import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigurationError, createProvider, ProgressTracker, RequestManager } from "../../src/index.ts";
import { attemptEnded, attemptStarted, failed, started, succeeded } from "../stats/run-events.ts";
import { closing, serve } from "../support/closing.ts";
import { TerminalScreen } from "./screen.ts";

const busy = { inFlight: 7, waiting: 1, blockedBy: "requests", amount: 500, pauseMs: 0 } as const;

describe("ProgressTracker", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("row 76: shows a program's batch in the command line's bar, from the first event to the last result", () => {
    const screen = new TerminalScreen(100);
    const progress = new ProgressTracker(3, { stream: screen });
    expect(screen.written).toBe("");
    for (const event of [started(1), attemptStarted(1), started(2), attemptStarted(2)]) progress.observe(event);
    for (const event of [attemptEnded(1), succeeded(1)]) progress.observe(event);
    vi.advanceTimersByTime(1000);
    expect(screen.rows).toEqual([expect.stringMatching(/^ \[=+>.*33 % {2}1\/3 {2}ok 1 {2}failed 0.*in flight 1/)]);
    progress.log("something else");
    for (const event of [attemptEnded(2), failed(2, "timeout"), succeeded(3, "cache")]) progress.observe(event);
    expect(screen.rows).toEqual(["something else"]);
    expect(progress.stats).toMatchObject({ requestsCompleted: 2, requestsFailed: 1, cacheHits: 1, requestsSkipped: 0 });
    expect(vi.getTimerCount()).toBe(0);
    const { written } = screen;
    progress.observe(succeeded(4));
    vi.advanceTimersByTime(1000);
    expect(screen.written).toBe(written);
  });

  it("shows what limits the run, if it can ask the manager", () => {
    const screen = new TerminalScreen(140);
    new ProgressTracker(10, { stream: screen, limiterStatus: () => busy }).observe(started(1));
    expect(screen.rows.join()).toContain("in flight 7  limit: rpm 500");
  });

  it("counts where the number of requests is not known, until it is stopped", () => {
    const screen = new TerminalScreen(100);
    const progress = new ProgressTracker(undefined, { stream: screen });
    progress.observe(succeeded(1));
    vi.advanceTimersByTime(1000);
    expect(screen.rows).toEqual([expect.stringMatching(/^ 1 done {2}ok 1/)]);
    progress.stop();
    progress.stop();
    expect(screen.rows).toEqual([]);
  });

  it("writes a line every five seconds where there is no terminal", () => {
    const stream = new PassThrough();
    const progress = new ProgressTracker(2, { stream });
    progress.observe(succeeded(1));
    vi.advanceTimersByTime(5000);
    progress.stop();
    expect(String(stream.read())).toMatch(/^llmbatch: 1\/2 \(50 %\) {2}ok 1 .*\n$/);
  });

  it("shows nothing with `show: false`, and counts", () => {
    const screen = new TerminalScreen(100);
    const progress = new ProgressTracker(2, { show: false, stream: screen });
    progress.observe(succeeded(1));
    vi.advanceTimersByTime(10_000);
    expect(screen.written).toBe("");
    expect(progress.stats.requestsCompleted).toBe(1);
  });

  it("can be made for each of many batches without a warning of listeners", () => {
    const screen = new TerminalScreen(100);
    for (let batch = 0; batch < 20; batch += 1) new ProgressTracker(1, { stream: screen }).observe(succeeded(1));
    expect(screen.listenerCount("error")).toBe(1);
  });

  it.each([-1, 1.5, Number.NaN])("says that %s is no number of requests", (total) => {
    expect(() => new ProgressTracker(total)).toThrow(ConfigurationError);
  });
});

it("a manager's events draw the bar of a ProgressTracker, and the last result takes it off", async () => {
  const server = await serve();
  const screen = new TerminalScreen(100);
  const progress = new ProgressTracker(3, { stream: screen });
  const provider = createProvider("openai", { apiKey: "key", baseUrl: `${server.url}/v1` });
  const manager = closing(new RequestManager({ provider, model: "m", observers: [progress.observe] }));
  await manager.processBatch(["one", "two", "three"]);
  expect(screen.written).toContain("/3  ok ");
  expect(screen.rows).toEqual([]);
  expect(progress.stats.requestsCompleted).toBe(3);
});
