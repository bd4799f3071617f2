import { inspect } from "node:util";
import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/event.ts";
import { TokenStats } from "../../src/stats/stats.ts";
import { attemptEnded, failed, failure, HandClock, started, statsOf, succeeded, usage } from "./run-events.ts";

const events = array(
  record({
    outcome: constantFrom("asked", "cache", "shared", "throttled", "failed"),
    model: constantFrom("a", "b"),
    durationMs: integer({ min: 1, max: 100_000 }),
    tokens: integer({ min: 0, max: 1000 }),
  }),
).map((lines) =>
  lines.flatMap(({ outcome, model, durationMs, tokens }, index): RunEvent[] => {
    const line = index + 1;
    if (outcome === "asked")
      return [started(line), attemptEnded(line, { model, durationMs, usage: usage(tokens, 5) }), succeeded(line)];
    if (outcome === "throttled")
      return [attemptEnded(line, { model, failure: failure("rate_limit", { retryable: true }) }), failed(line, "rate_limit")];
    if (outcome === "failed") return [attemptEnded(line, { model, failure: failure("timeout") }), failed(line, "timeout")];
    return [succeeded(line, outcome, usage(tokens, 2))];
  }),
);

describe("statistics of several runs", () => {
  it("row 80: `merge` adds two up, and `diff` takes one of them out of the sum again", () => {
    assert(
      property(events, events, (one, other) => {
        const a = endedAfter(2000, one);
        const b = endedAfter(1000, other);
        const sum = a.merge(b);
        expect(sum.promptTokens).toBe(a.promptTokens + b.promptTokens);
        expect(sum.requestsTotal).toBe(a.requestsTotal + b.requestsTotal);
        expect(countsOf(sum.diff(b))).toEqual(countsOf(a));
        expect(countsOf(sum.diff(a))).toEqual(countsOf(b));
        expect(countsOf(a.merge(new TokenStats()))).toEqual(countsOf(a));
      }),
    );
  });

  it("`merge` with new statistics is a copy, and `diff` with that says what was taken since", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    for (const event of [started(1), attemptEnded(1, { durationMs: 900, usage: usage(10, 1) }), succeeded(1)])
      stats.observe(event);
    clock.ms += 4000;
    const copy = stats.merge(new TokenStats());
    for (const event of [started(2), attemptEnded(2, { durationMs: 50, usage: usage(7, 3) }), succeeded(2)]) stats.observe(event);
    clock.ms += 1000;
    expect(copy).toMatchObject({ promptTokens: 10, requestsCompleted: 1, elapsedSeconds: 4 });
    const since = stats.diff(copy);
    expect(since).toMatchObject({ promptTokens: 7, completionTokens: 3, requestsCompleted: 1, elapsedSeconds: 1 });
    expect(since.tokensPerSecond).toBe(10);
    expect(since.latencyMs?.max).toBeCloseTo(50, -1);
    expect(since.startTime.getTime() - stats.startTime.getTime()).toBe(4000);
  });

  it("time in which two ran side by side counts once, time between two not at all", () => {
    const [first, second] = [new HandClock(), new HandClock()];
    const a = new TokenStats(first);
    a.observe(started(1));
    first.ms += 10_000;
    second.ms += 6000;
    const b = new TokenStats(second);
    b.observe(started(1));
    second.ms += 6000;
    expect(a.merge(b).elapsedSeconds).toBe(12);
    second.ms += 60_000;
    const c = new TokenStats(second);
    c.observe(started(1));
    second.ms += 5000;
    expect(c.merge(a)).toMatchObject({ elapsedSeconds: 15, startTime: a.startTime });
  });

  it("keeps the messages of failures, and drops those of failures that were taken away", () => {
    const a = statsOf(failed(3, "timeout"), failed(4, "not_found"));
    const b = statsOf(failed(9, "timeout"));
    expect(a.merge(b).toJSON().failure_messages).toMatchObject({ timeout: { line_number: 3 }, not_found: { line_number: 4 } });
    expect(b.merge(a).diff(a).toJSON()).toMatchObject({
      failures: { timeout: 1 },
      failure_messages: { timeout: { line_number: 9 } },
    });
    expect(a.diff(a).toJSON()).toMatchObject({ failures: {}, failure_messages: {}, by_model: {} });
  });

  it("does not take lines that a copy of a run under way still waits for as skipped", () => {
    const running = statsOf(started(1), started(2), succeeded(1));
    const stopped = statsOf(started(1), started(2), succeeded(1));
    stopped.end();
    expect(running.merge(stopped)).toMatchObject({ requestsTotal: 4, requestsSkipped: 1 });
  });
});

describe("sums by model and provider", () => {
  it("say what each model and each provider was asked and took", () => {
    const stats = statsOf(
      attemptEnded(1, { model: "large", durationMs: 1000, usage: usage(100, 10) }),
      attemptEnded(2, { model: "small", durationMs: 100, usage: usage(1, 1) }),
      attemptEnded(3, { model: "small", provider: "gpu", failure: failure("rate_limit", { retryable: true }) }),
      attemptEnded(3, { model: "small", attempt: 2, durationMs: 300, usage: usage(2, 3) }),
      succeeded(4, "cache", usage(1000, 1000)),
    );
    expect(stats.byModel.get("small")).toMatchObject({
      requestsCompleted: 2,
      attempts: 3,
      retries: 1,
      rateLimited: 1,
      usage: { promptTokens: 3, completionTokens: 4 },
    });
    expect(stats.byModel.get("small")?.latencyMs).toMatchObject({ max: 300, mean: 200 });
    expect(stats.toJSON()).toMatchObject({
      by_model: { large: { total_tokens: 110, latency_ms: { max: 1000 } }, small: { total_tokens: 7 } },
      by_provider: { openai: { attempts: 3, total_tokens: 117 }, gpu: { attempts: 1, latency_ms: null } },
    });
  });

  it("stay bounded when every line names another model: those beyond a hundred are one entry", () => {
    const lines = Array.from({ length: 1000 }, (_, index) => attemptEnded(index, { model: `m${index}`, usage: usage(1, 0) }));
    const stats = statsOf(...lines);
    const { by_model: models } = stats.merge(stats).toJSON();
    expect(Object.keys(models)).toHaveLength(101);
    expect(models).toMatchObject({ m0: { prompt_tokens: 2 }, m99: { prompt_tokens: 2 }, "(others)": { prompt_tokens: 1800 } });
  });
});

it("row 78: percentiles p50, p75, p90, p95 and p99 are right within 1 %", () => {
  const stats = statsOf(...Array.from({ length: 1000 }, (_, index) => attemptEnded(index, { durationMs: index + 1 })));
  const { latency_ms: latency } = stats.toJSON();
  for (const [name, exact] of Object.entries({ p50: 500, p75: 750, p90: 900, p95: 950, p99: 990 } as const))
    expect(Math.abs(Number(Object(latency)[name]) / exact - 1)).toBeLessThanOrEqual(0.01);
});

describe("row 79: statistics are printed", () => {
  const stats = statsOf(attemptEnded(1, { usage: usage(1234, 5) }), succeeded(1), failed(2, "timeout"));

  it("as the summary of the command line, in a text", () => {
    expect(`${stats.merge(new TokenStats())}`.split("\n").slice(0, 5)).toEqual([
      "  answered    1",
      "  failed      1  (timeout 1)",
      "              timeout, line 2: it was timeout",
      "  skipped     0",
      "  tokens      prompt 1,234  completion 5",
    ]);
  });

  it("by `console.log` with their figures, not as `TokenStats { observe: [Function] }`", () => {
    const shown = inspect(stats);
    expect(shown).toContain("prompt_tokens: 1234");
    expect(shown).not.toMatch(/Function|TokenStats/);
    expect(inspect(stats.byModel)).toContain("prompt_tokens: 1234");
  });
});

function endedAfter(elapsedMs: number, observed: readonly RunEvent[]): TokenStats {
  const clock = new HandClock();
  const stats = new TokenStats(clock);
  for (const event of observed) stats.observe(event);
  clock.ms += elapsedMs;
  stats.end();
  return stats;
}

/** What is counted exactly: a mean may lack its last digit, the largest value is known within 1 %, and time depends on what ran when. */
function countsOf(stats: TokenStats): unknown {
  const counts = stats.toJSON();
  return JSON.parse(JSON.stringify(counts), (key, value: unknown) => (isInexact(key) ? undefined : value));
}

function isInexact(key: string): boolean {
  return /_per_second$|_seconds$|^(mean|max|p\d\d|start_time|failure_messages)$/.test(key);
}
