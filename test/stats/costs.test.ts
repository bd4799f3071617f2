import { array, assert, constantFrom, double, integer, option, property, record, shuffledSubarray } from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/event.ts";
import { TokenStats } from "../../src/stats/stats.ts";
import { attemptEnded, failure, statsOf, succeeded, usage } from "./run-events.ts";

function recalled(lineNumber: number, savedUsd: number | null): RunEvent {
  const event = succeeded(lineNumber, "cache", usage(5, 5));
  return event.type === "request-end" ? { ...event, result: { ...event.result, savedUsd } } : event;
}

const used = usage(10, 5);
const anyCost = option(double({ min: 0, max: 1000, noNaN: true }), { freq: 5 });
const anyRun = array(record({ model: constantFrom("a", "b"), costUsd: anyCost, savedUsd: option(anyCost, { nil: undefined }) }), {
  maxLength: 30,
}).map((lines) =>
  lines.flatMap(({ model, costUsd, savedUsd }, index) =>
    savedUsd === undefined ? [attemptEnded(index + 1, { model, usage: used, costUsd })] : [recalled(index + 1, savedUsd)],
  ),
);
const costsOf = (stats: TokenStats): object => {
  const { cost_usd, cost_reported_usd, cost_saved_usd, priced_requests, unpriced_requests, cost_by_model } = stats.toJSON();
  return { cost_usd, cost_reported_usd, cost_saved_usd, priced_requests, unpriced_requests, cost_by_model };
};

describe("the cost of a run", () => {
  it("is of all attempts that used something, failed ones too; what has no price is counted beside it", () => {
    const stats = statsOf(
      attemptEnded(1, { usage: used, costUsd: 0.1, failure: failure("incomplete_stream", { retryable: true }) }),
      attemptEnded(1, { attempt: 2, usage: used, costUsd: 0.2 }),
      attemptEnded(2, { usage: used, costUsd: null, model: "llama" }),
      attemptEnded(3, { failure: failure("timeout") }),
    );
    expect(stats).toMatchObject({ costUsd: 0.3, pricedRequests: 2, unpricedRequests: 1, costSavedUsd: 0 });
    expect(stats.costByModel).toEqual({ "gpt-5.4-mini": 0.3, llama: null });
    expect(stats.costByProvider).toEqual({ openai: 0.3 });
    expect(stats.byModel.get("llama")).toMatchObject({ costUsd: null, unpricedRequests: 1 });
  });

  it("is null where nothing has a price, and 0 where nothing was used", () => {
    expect(statsOf(attemptEnded(1, { usage: used, costUsd: null })).costUsd).toBeNull();
    expect(statsOf(attemptEnded(1, { usage: used })).costUsd).toBeNull();
    expect(statsOf(attemptEnded(1, { failure: failure("network") })).costUsd).toBe(0);
    expect(statsOf(recalled(1, 0.5), recalled(2, null))).toMatchObject({ costUsd: 0, costSavedUsd: 0.5 });
    expect(statsOf(recalled(1, null)).costSavedUsd).toBeNull();
  });

  it("says what of it providers reported themselves", () => {
    const reported = usage(10, 5, { billing: { reportedCostUsd: 0.4 } });
    const stats = statsOf(attemptEnded(1, { usage: reported, costUsd: 0.4 }), attemptEnded(2, { usage: used, costUsd: 0.1 }));
    expect(stats).toMatchObject({ costUsd: 0.5, costReportedUsd: 0.4 });
  });

  it("does not drift: 200,000 answers of a tenth of a cent are 200 dollars", () => {
    const stats = new TokenStats();
    const answer = attemptEnded(1, { usage: used, costUsd: 0.001 });
    for (let index = 0; index < 200_000; index += 1) stats.observe(answer);
    expect(stats.costUsd).toBe(200);
    expect(stats.costByModel).toEqual({ "gpt-5.4-mini": 200 });
  });

  it("is the same in any order, to a billionth for each", () => {
    const costs = array(
      integer({ min: 0, max: 5e9 }).map((nano) => nano / 1e9),
      { maxLength: 50 },
    );
    assert(
      property(
        costs.chain((list) => shuffledSubarray(list, { minLength: list.length }).map((other) => [list, other] as const)),
        ([list, other]) => {
          const [one, two] = [list, other].map((each) =>
            statsOf(...each.map((costUsd) => attemptEnded(1, { usage: used, costUsd }))),
          );
          const nano = list.reduce((sum, costUsd) => sum + BigInt(Math.round(costUsd * 1e9)), 0n);
          expect(one?.costUsd).toBe(Number(nano) / 1e9);
          expect(two?.costUsd).toBe(one?.costUsd);
        },
      ),
    );
  });

  it("of several runs is added up, and taken away again without a rest", () => {
    assert(
      property(anyRun, anyRun, (first, second) => {
        const [one, other] = [statsOf(...first), statsOf(...second)];
        const both = one.merge(other);
        expect(both.pricedRequests).toBe(one.pricedRequests + other.pricedRequests);
        // A model of which nothing is left is not listed any more.
        expect(costsOf(both.diff(other))).toEqual(costsOf(one));
      }),
    );
  });

  it("is not saved by the answers of a pilot, which this run has paid for", () => {
    const stats = statsOf(
      attemptEnded(1, { usage: used, costUsd: 0.25, failure: failure("incomplete_stream", { retryable: true }) }),
      attemptEnded(1, { attempt: 2, usage: used, costUsd: 0.25 }),
      succeeded(1, "asked", used),
    );
    stats.forgetLines(new Set([1]));
    expect(stats).toMatchObject({ costUsd: 0.5, costSavedUsd: 0, linesPaidBefore: 1 });
    for (const event of [recalled(1, 0.25), recalled(2, 0.125)]) stats.observe(event);
    expect(stats).toMatchObject({ costUsd: 0.5, costSavedUsd: 0.125, cacheHits: 2 });
  });

  it("keeps the day of the prices in a sum", () => {
    const dated = new TokenStats();
    dated.setPricesDate("2026-09-23");
    expect(new TokenStats().merge(dated).pricesDate).toBe("2026-09-23");
    expect(new TokenStats().pricesDate).toBeNull();
  });
});
