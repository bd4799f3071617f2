import { describe, expect, it } from "vitest";
import { formatSummary } from "../../../src/cli/report/summary.ts";
import type { RunEvent } from "../../../src/model/event.ts";
import { TokenStats } from "../../../src/stats/token-stats.ts";
import { attemptEnded, failed, failure, HandClock, started, succeeded, usage } from "../../stats/run-events.ts";

describe("formatSummary", () => {
  it("says on a few lines what a run took", () => {
    const stats = statsOf(
      125_000,
      attemptEnded(1, { durationMs: 800, usage: usage(1_234_000, 456_000, { cachedTokens: 12_000, reasoningTokens: 1000 }) }),
      succeeded(1),
      succeeded(2, "cache", usage(1500, 300)),
      succeeded(3, "shared"),
      attemptEnded(4, { durationMs: 5, failure: failure("rate_limit", { retryable: true }) }),
      attemptEnded(4, { durationMs: 5, attempt: 2, failure: failure("timeout", { retryable: true }) }),
      failed(4, "timeout"),
      failed(5, "invalid_request"),
      failed(6, "timeout"),
    );
    const summary = formatSummary(stats, { outputPath: "out.jsonl", errorsPath: "bad.jsonl", statsPath: "out.jsonl.stats.json" });
    expect(summary.split("\n")).toEqual([
      "  answered    3  (from cache 1, deduplicated 1)",
      "  failed      3  (timeout 2, invalid_request 1)",
      "              timeout, line 4: it was timeout",
      "              invalid_request, line 5: it was invalid_request",
      "  skipped     4",
      "  tokens      prompt 1,234,000  (cached 12,000)  completion 456,000  (reasoning 1,000)",
      "  from cache  prompt 1,500  completion 300",
      "  cost        ?",
      "              no price for 1 request: gpt-5.4-mini",
      "  attempts    3  (retries 1, throttled 1)",
      "  time        2m 05s  (0.05 req/s, 13,520 tok/s)",
      "  latency     p50 800 ms  p90 800 ms  p99 800 ms  max 800 ms",
      "  output      out.jsonl",
      "  errors      bad.jsonl",
      "  stats       out.jsonl.stats.json",
    ]);
  });

  it("lines up the counts of lines", () => {
    const lines = Array.from({ length: 1234 }, (_, index) => succeeded(index + 1));
    expect(formatSummary(statsOf(1000, ...lines, failed(1235, "timeout")))).toMatch(
      /answered {4}1,234\n {2}failed {10}1 {2}\(timeout 1\)/,
    );
  });

  it("says why lines failed, and how many answers were cut off", () => {
    const response = { statusCode: 200, requestId: "", body: '{"choices":[{"finish_reason":"length"}]}', usage: usage(1, 1) };
    const cut = { id: "x", customId: "x", lineNumber: 5, status: "succeeded", source: "asked", attempts: 1, response } as const;
    const stats = statsOf(1000, why(3, "no file f1"), why(4, "no \u001bmodel"), why(6, "no \u001bmodel"), {
      type: "request-end",
      result: cut,
    });
    expect(formatSummary(stats)).toMatch(
      /answered {4}1 {2}\(cut off 1\)\n {2}failed {6}3 {2}\(not_found 3\)\n {14}not_found, line 4: no \\u001bmodel\n {2}skipped/,
    );
  });

  it("says what it cost, who said so, what the cache saved, and what has no price", () => {
    const billing = { reportedCostUsd: 0.25 };
    const recalled = succeeded(5, "cache", usage(1, 1));
    const stats = statsOf(
      1000,
      attemptEnded(1, { usage: usage(10, 5), costUsd: 1000.994 }),
      attemptEnded(2, { usage: usage(10, 5, { billing }), costUsd: 0.25 }),
      ...["a\u001b", "b", "c", "d", "d"].map((model) => attemptEnded(3, { usage: usage(1, 1), costUsd: null, model })),
      recalled.type === "request-end" ? { ...recalled, result: { ...recalled.result, savedUsd: 0.0042 } } : recalled,
    );
    stats.setPricesDate("2026-09-23");
    const [cost, unpriced] = formatSummary(stats).split("\n").slice(5);
    expect(cost).toBe(
      "  cost        $ 1,001.24  ($ 0.25 reported by the provider, $ 0.0042 saved by the cache, list prices of 2026-09-23)",
    );
    expect(unpriced).toBe("              no price for 5 requests: a\\u001b, b, c, 1 more");
  });

  it("says ? of a cost that is not known, and 0 only of one that is", () => {
    expect(formatSummary(statsOf(1000, attemptEnded(1, { usage: usage(10, 5), costUsd: null, model: "llama" })))).toMatch(
      /\n {2}cost {8}\?\n {14}no price for 1 request: llama\n/,
    );
    expect(formatSummary(statsOf(1000, attemptEnded(1, { usage: usage(10, 5), costUsd: 0 })))).toMatch(
      /\n {2}cost {8}\$ 0\.00\n/,
    );
  });

  it("leaves out what there was none of", () => {
    const summary = formatSummary(statsOf(1000, attemptEnded(1, { failure: failure("network") }), failed(1, "network")));
    expect(summary).not.toMatch(/from cache|cost|latency|output|errors|stats|NaN|undefined|null/);
    expect(formatSummary(new TokenStats())).not.toMatch(/NaN|undefined|null|Infinity/);
  });

  it("does not let a file name write on the terminal", () => {
    const summary = formatSummary(new TokenStats(), { outputPath: "a\u001b[2J\nfailed 0\u202e.jsonl" });
    expect(summary).toContain("output      a\\u001b[2J\\u000afailed 0\\u202e.jsonl");
  });
});

function why(lineNumber: number, message: string): RunEvent {
  const result = { id: "x", customId: "x", lineNumber, status: "failed" as const, attempts: 1 };
  return { type: "request-end", result: { ...result, failure: failure("not_found", { message }) } };
}

/** A run over ten lines, or as many as there were, that took so long. */
function statsOf(durationMs: number, ...events: readonly RunEvent[]): TokenStats {
  const clock = new HandClock();
  const stats = new TokenStats(clock);
  stats.setTotal(10);
  stats.observe(started(1));
  for (const event of events) stats.observe(event);
  clock.ms += durationMs;
  stats.end();
  return stats;
}
