import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observer, RunEvent } from "../../src/model/event.ts";
import { type FailureKind, failureKinds } from "../../src/model/failure.ts";
import { TokenStats } from "../../src/stats/token-stats.ts";
import {
  attemptEnded,
  attemptStarted,
  failed,
  failure,
  HandClock,
  retryWaited,
  started,
  statsOf,
  succeeded,
  usage,
} from "./run-events.ts";

describe("what a run cost", () => {
  it("counts each attempt once, the failed but billed ones too, and not again with the result", () => {
    const stats = statsOf(
      started(1),
      attemptEnded(1, { usage: usage(100, 20), failure: failure("incomplete_stream", { retryable: true }) }),
      attemptEnded(1, { attempt: 2, usage: usage(100, 30, { cachedTokens: 64, cacheWriteTokens: 0, reasoningTokens: 12 }) }),
      succeeded(1, "asked", usage(100, 30, { cachedTokens: 64, cacheWriteTokens: 0, reasoningTokens: 12 })),
    );
    expect(stats).toMatchObject({
      promptTokens: 200,
      completionTokens: 50,
      totalTokens: 250,
      cachedTokens: 64,
      reasoningTokens: 12,
    });
    expect(stats).toMatchObject({ attempts: 2, retries: 1 });
  });

  it("keeps tokens of answers from the cache apart: an earlier run paid for them", () => {
    const stats = statsOf(started(1), succeeded(1, "cache", usage(10, 5)), started(2), succeeded(2, "cache", usage(1, 2)));
    expect(stats).toMatchObject({ totalTokens: 0, cacheHits: 2, requestsCompleted: 2, attempts: 0 });
    expect(stats.fromCache).toMatchObject({ promptTokens: 11, completionTokens: 7 });
  });

  it.each([
    ['{"choices":[{"finish_reason":"stop"},{"finish_reason": "length"}]}', 1],
    ['{"stop_reason":"max_tokens","content":[]}', 1],
    ['{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}', 1],
    ['{"choices":[{"message":{"content":"\\"finish_reason\\":\\"length\\""},"finish_reason":"stop"}]}', 0],
  ])("counts answers that were cut off at their limit of tokens: %s", (body, count) => {
    const line = { id: "batch_req_1", customId: "a", lineNumber: 1, attempts: 0 };
    const response = { statusCode: 200, requestId: "", body, usage: usage(1, 1) };
    const stats = statsOf({ type: "request-end", result: { ...line, status: "succeeded", source: "cache", response } });
    expect(stats.toJSON()).toMatchObject({ cut_answers: count, requests_completed: 1 });
  });

  it("counts shared answers as deduplicated and charges no one for them", () => {
    const stats = statsOf(
      started(1),
      started(2),
      attemptEnded(1, { usage: usage(10, 5) }),
      succeeded(1),
      succeeded(2, "shared", usage(10, 5)),
    );
    expect(stats).toMatchObject({ totalTokens: 15, deduplicated: 1, requestsCompleted: 2, cacheHits: 0 });
    expect(stats.fromCache).toMatchObject({ promptTokens: 0 });
  });

  it("counts attempts throttled by a limit, and leaves them out of the latency", () => {
    const stats = statsOf(
      attemptEnded(1, { durationMs: 1, failure: failure("rate_limit", { retryable: true }) }),
      attemptEnded(2, { durationMs: 1, failure: failure("overloaded", { retryable: true }) }),
      attemptEnded(3, { durationMs: 1, failure: failure("insufficient_quota") }),
      attemptEnded(4, { durationMs: 1, failure: failure("timeout", { retryable: true }) }),
      attemptEnded(1, { attempt: 2, durationMs: 800 }),
    );
    expect(stats.rateLimited).toBe(2);
    expect(stats.latencyMs).toMatchObject({ max: 800, mean: 800 });
    expect(stats.latencyMs?.p50).toBeGreaterThan(790);
  });

  it("has no latency, instead of one of 0, when nothing was answered", () => {
    expect(statsOf(attemptEnded(1, { failure: failure("network") })).latencyMs).toBeNull();
  });
});

describe("what became of the lines", () => {
  it("adds up to the total at the end, and says nothing of skipped lines before", () => {
    const stats = statsOf(started(1), succeeded(1), started(2), failed(2, "timeout"), started(3));
    stats.setTotal(10);
    expect(stats).toMatchObject({ requestsTotal: 10, requestsSkipped: 0 });
    stats.end();
    expect(stats).toMatchObject({ requestsCompleted: 1, requestsFailed: 1, requestsSkipped: 8 });
  });

  it("takes the lines it saw for the total while the total is not known", () => {
    expect(statsOf(started(1), started(2), succeeded(1)).requestsTotal).toBe(2);
  });

  it("counts lines that a stop cut off as skipped, not as failed", () => {
    const stats = statsOf(started(1), failed(1, "cancelled"), started(2), failed(2, "server_error"));
    stats.end();
    expect(stats).toMatchObject({ requestsFailed: 1, requestsSkipped: 1, requestsTotal: 2, failures: { server_error: 1 } });
  });

  it("keeps its accounts in any order of events", () => {
    const outcomes = array(
      constantFrom<FailureKind | "asked" | "cache" | "shared" | "none">(...failureKinds, "asked", "cache", "shared", "none"),
    );
    assert(
      property(outcomes, (lines) => {
        const stats = new TokenStats();
        for (const [index, outcome] of lines.entries()) {
          stats.observe(started(index + 1));
          if (outcome !== "none") stats.observe(endOf(index + 1, outcome));
        }
        stats.end();
        const json = stats.toJSON();
        expect(json.requests_total).toBe(lines.length);
        expect(json.requests_completed + json.requests_failed + json.requests_skipped).toBe(json.requests_total);
        expect(Object.values(json.failures).reduce((sum, count) => sum + count, 0)).toBe(json.requests_failed);
        expect(json.cache_hits + json.deduplicated).toBeLessThanOrEqual(json.requests_completed);
        expect(json.requests_skipped).toBe(lines.filter((outcome) => outcome === "none" || outcome === "cancelled").length);
      }),
    );
  });

  it("knows how many lines wait to be asked again, also when the wait is cut short", () => {
    const stats = statsOf(started(1), retryWaited(1), started(2), retryWaited(2), started(3), retryWaited(3));
    expect(stats.requestsRetrying).toBe(3);
    stats.observe(attemptStarted(1, 2));
    expect(stats.requestsRetrying).toBe(2);
    stats.observe(failed(2, "cancelled"));
    stats.observe(attemptStarted(3, 2));
    expect(stats.requestsRetrying).toBe(0);
  });
});

describe("the statistics file", () => {
  it("has the keys that scripts depend on", () => {
    const clock = new HandClock();
    const stats = new TokenStats(clock);
    stats.setTotal(5);
    stats.observe(started(1));
    stats.observe(
      attemptEnded(1, {
        durationMs: 250,
        usage: usage(10, 5, { cachedTokens: 4, cacheWriteTokens: 2, reasoningTokens: 3 }),
        costUsd: 0.25,
      }),
    );
    stats.setPricesDate("2026-09-23");
    stats.observe(succeeded(1, "asked", usage(10, 5)));
    stats.observe(succeeded(2, "cache", usage(7, 8)));
    stats.observe(failed(3, "timeout"));
    clock.ms += 2000;
    stats.end();
    const latency = { p50: 250, p75: 250, p90: 250, p95: 250, p99: 250, max: 250, mean: 250 };
    const tokens = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      cached_tokens: 4,
      cache_write_tokens: 2,
      reasoning_tokens: 3,
    };
    const cost = { cost_usd: 0.25, cost_reported_usd: 0, priced_requests: 1, unpriced_requests: 0 };
    const asked = { ...tokens, ...cost, requests_completed: 1, attempts: 1, retries: 0, rate_limited: 0, latency_ms: latency };
    expect(JSON.parse(JSON.stringify(stats))).toEqual({
      ...tokens,
      ...cost,
      requests_total: 5,
      requests_completed: 2,
      requests_failed: 1,
      requests_skipped: 2,
      cache_hits: 1,
      cache_hit_ratio: 0.333,
      deduplicated: 0,
      cut_answers: 0,
      truncated_requests: 0,
      sanitized_requests: 0,
      cost_saved_usd: null,
      cost_by_model: { "gpt-5.4-mini": 0.25 },
      cost_by_provider: { openai: 0.25 },
      prices_date: "2026-09-23",
      attempts: 1,
      retries: 0,
      rate_limited: 0,
      pauses: 0,
      limits_learned: [],
      failures: { timeout: 1 },
      failure_messages: { timeout: { message: "it was timeout", line_number: 3 } },
      from_cache: {
        prompt_tokens: 7,
        completion_tokens: 8,
        total_tokens: 15,
        cached_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
      },
      latency_ms: latency,
      requests_per_second: 1.5,
      tokens_per_second: 7.5,
      prompt_tokens_per_second: 5,
      completion_tokens_per_second: 2.5,
      request_saturation: 0,
      token_saturation: 0,
      by_model: { "gpt-5.4-mini": asked },
      by_provider: { openai: asked },
      start_time: "2026-01-02T03:04:05.000Z",
      elapsed_seconds: 2,
    });
  });

  it("has every key before anything has happened, and no number that is none", () => {
    const json = new TokenStats(new HandClock()).toJSON();
    expect(json).toMatchObject({ latency_ms: null, failures: {}, elapsed_seconds: 0, start_time: "2026-01-02T03:04:05.000Z" });
    expect(Object.values(json).filter((value) => typeof value === "number" && !Number.isFinite(value))).toEqual([]);
  });
});

it("can be handed over as an observer without being bound", () => {
  const stats = new TokenStats();
  const observers: Observer[] = [stats.observe];
  for (const observe of observers) observe(started(1));
  expect(stats.requestsTotal).toBe(1);
});

function endOf(lineNumber: number, outcome: FailureKind | "asked" | "cache" | "shared"): RunEvent {
  if (outcome === "asked" || outcome === "cache" || outcome === "shared") return succeeded(lineNumber, outcome);
  return failed(lineNumber, outcome);
}
