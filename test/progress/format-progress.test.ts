import { assert, boolean, constantFrom, double, integer, option, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProgressFigures } from "../../src/progress/figures.ts";
import { formatBarLine, formatJsonLine, formatPlainLine } from "../../src/progress/format-progress.ts";

const midway: ProgressFigures = {
  total: 10_000,
  done: 1200,
  succeeded: 1190,
  failed: 10,
  fromCache: 0,
  retrying: 0,
  inFlight: 100,
  elapsedSeconds: 14.1,
  totalTokens: 175_000,
  costUsd: null,
  requestsPerSecond: 85,
  tokensPerSecond: 12_400,
  limit: "rpm",
  limitAmount: undefined,
  isLimitLearned: false,
  pauseSeconds: 0,
  secondsLeft: 103,
};

const count = integer({ min: 0, max: 20_000_000 });
const rate = double({ min: 0, max: 1e6, noNaN: true });
const anyFigures = record({
  total: option(count, { nil: undefined }),
  done: count,
  succeeded: count,
  failed: count,
  fromCache: count,
  retrying: integer({ min: 0, max: 3 }),
  inFlight: count,
  elapsedSeconds: rate,
  totalTokens: count,
  costUsd: option(rate),
  requestsPerSecond: rate,
  tokensPerSecond: rate,
  limit: constantFrom(undefined, "rpm", "tpm", "concurrency", "pause"),
  limitAmount: option(count, { nil: undefined }),
  isLimitLearned: boolean(),
  pauseSeconds: rate,
  secondsLeft: option(rate, { nil: undefined }),
});

describe("the bar's line", () => {
  it("shows all there is when it has the room", () => {
    expect(formatBarLine({ ...midway, retrying: 3, fromCache: 40 }, 200)).toBe(
      ` [====>${" ".repeat(35)}]  12 %  1,200/10,000  ok 1,190  failed 10  cached 40  retrying 3  85 req/s  12,400 tok/s  in flight 100  limit: rpm  ETA 1m 43s`,
    );
  });

  it.each([
    [20, " 12 %  1,200/10,000"],
    [30, " 12 %  1,200/10,000  failed 10"],
    [42, " 12 %  1,200/10,000  failed 10  ETA 1m 43s"],
    [59, " 12 %  1,200/10,000  failed 10  85 req/s  ETA 1m 43s"],
    [79, " [=>           ]  12 %  1,200/10,000  ok 1,190  failed 10  85 req/s  ETA 1m 43s"],
  ])("keeps what matters most in %i columns", (width, line) => {
    expect(formatBarLine(midway, width)).toBe(line);
  });

  it("is never wider than asked, and one column for each of its characters", () => {
    assert(
      property(anyFigures, integer({ min: 19, max: 200 }), (figures, width) => {
        expect(formatBarLine(figures, width).length).toBeLessThanOrEqual(width);
        expect(formatBarLine(figures, width)).toMatch(/^ [ -~]*$/);
      }),
    );
  });

  it("says how much is done, in any width and for any figures", () => {
    assert(
      property(anyFigures, integer({ min: 19, max: 200 }), (figures, width) => {
        expect(formatBarLine(figures, width)).toMatch(figures.total === undefined ? /[\d,]+ done/ : /\d+ %/);
      }),
    );
  });

  it("has no percentage, no bar and no time left when the total is unknown", () => {
    const line = formatBarLine({ ...midway, total: undefined, secondsLeft: undefined }, 200);
    expect(line).toBe(" 1,200 done  ok 1,190  failed 10  cached 0  85 req/s  12,400 tok/s  in flight 100  limit: rpm");
  });

  it("says how long a pause lasts", () => {
    expect(formatBarLine({ ...midway, limit: "pause", pauseSeconds: 11.2 }, 200)).toContain("paused 12s");
  });

  it("reaches 100 % with the last line and not before", () => {
    expect(formatBarLine({ ...midway, done: 9999 }, 120)).toMatch(/^ \[=+> *\] {2}99 %/);
    expect(formatBarLine({ ...midway, done: 10_000 }, 120)).toMatch(/^ \[=+\] {2}100 %/);
    expect(formatBarLine({ ...midway, done: 0, total: 0 }, 120)).toContain("100 %");
  });
});

describe("the plain line", () => {
  it("is the one that logs are used to", () => {
    expect(formatPlainLine(midway)).toBe(
      "llmbatch: 1,200/10,000 (12 %)  ok 1,190  failed 10  cached 0  85 req/s  12,400 tok/s  in flight 100  limit: rpm  ETA 1m 43s",
    );
  });

  it("counts without a percentage when the total is unknown", () => {
    expect(formatPlainLine({ ...midway, total: undefined, secondsLeft: undefined, limit: undefined })).toBe(
      "llmbatch: 1,200 done  ok 1,190  failed 10  cached 0  85 req/s  12,400 tok/s  in flight 100",
    );
  });
});

describe("what it costs", () => {
  it("stands on every line, once a price is known", () => {
    const priced = { ...midway, costUsd: 1.2361 };
    expect(formatPlainLine(priced)).toContain("  in flight 100  $ 1.24  limit: rpm");
    expect(formatBarLine(priced, 79)).toBe(" [=>             ]  12 %  1,200/10,000  failed 10  85 req/s  $ 1.24  ETA 1m 43s");
    expect(JSON.parse(formatJsonLine(priced))).toMatchObject({ cost_usd: 1.2361 });
    expect(formatPlainLine({ ...midway, costUsd: 0 })).toContain("  $ 0.00  ");
    expect(formatPlainLine(midway)).not.toContain("$");
  });
});

describe("the JSON line", () => {
  it("has the keys that programs depend on", () => {
    expect(JSON.parse(formatJsonLine(midway))).toEqual({
      type: "progress",
      elapsed_seconds: 14.1,
      requests_total: 10_000,
      requests_completed: 1190,
      requests_failed: 10,
      requests_retrying: 0,
      cache_hits: 0,
      in_flight: 100,
      total_tokens: 175_000,
      cost_usd: null,
      requests_per_second: 85,
      tokens_per_second: 12_400,
      limit: "rpm",
      limit_amount: null,
      pause_seconds: 0,
      eta_seconds: 103,
    });
  });

  it("has all of its keys, as null, when nothing is known", () => {
    const unknown = JSON.parse(formatJsonLine({ ...midway, total: undefined, secondsLeft: undefined, limit: undefined }));
    expect(unknown).toMatchObject({ requests_total: null, eta_seconds: null, limit: null });
  });
});

it("of a fleet it says how many work, and what they have in flight", () => {
  const fleet = { ...midway, workers: 4, inFlight: 312 };
  expect(formatBarLine(fleet, 200)).toContain("workers 4  in flight 312");
  expect(JSON.parse(formatJsonLine(fleet))).toMatchObject({ workers: 4, in_flight: 312 });
  expect(JSON.parse(formatJsonLine(midway))).not.toHaveProperty("workers");
});
