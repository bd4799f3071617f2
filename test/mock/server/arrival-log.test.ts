import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArrivalLog } from "../../../src/mock/server/arrival-log.ts";

interface Arrival {
  readonly atMs: number;
  readonly tokens: number;
}

const pausesMs = fc.oneof(fc.constant(0), fc.nat(300), fc.nat(5000), fc.nat(200_000));

describe("ArrivalLog", () => {
  it("finds the fullest minute and the fullest second, wherever they begin", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ pauseMs: pausesMs, tokens: fc.nat(1000) }), { maxLength: 60 }), (played) => {
        let nowMs = 12_345;
        const log = new ArrivalLog(() => nowMs);
        const arrivals: Arrival[] = [];
        for (const { pauseMs, tokens } of played) {
          nowMs += pauseMs;
          log.accept(tokens);
          arrivals.push({ atMs: nowMs, tokens });
        }
        expect(log.stats()).toMatchObject({
          peakRequestsPerMinute: fullest(arrivals, 60_000, () => 1),
          peakRequestsPerSecond: fullest(arrivals, 1000, () => 1),
          peakTokensPerMinute: fullest(arrivals, 60_000, ({ tokens }) => tokens),
          peakTokensPerSecond: fullest(arrivals, 1000, ({ tokens }) => tokens),
        });
      }),
    );
  });

  it("counts second by second from the first arrival, and remembers ten minutes", () => {
    let nowMs = 700;
    const log = new ArrivalLog(() => nowMs);
    log.accept(1);
    nowMs += 999;
    log.accept(1);
    nowMs += 1;
    log.refuse();
    nowMs += 2000;
    log.accept(1);
    expect(log.stats()).toMatchObject({ acceptedPerSecond: [2, 0, 0, 1], refusedPerSecond: [0, 1, 0, 0] });
    nowMs += 3_600_000;
    log.refuse();
    const { acceptedPerSecond, refusedPerSecond } = log.stats();
    expect([acceptedPerSecond.length, refusedPerSecond.length]).toEqual([600, 600]);
    expect([acceptedPerSecond.at(-1), refusedPerSecond.at(-1)]).toEqual([0, 1]);
  });
});

function fullest(arrivals: readonly Arrival[], windowMs: number, weigh: (arrival: Arrival) => number): number {
  const sums = arrivals.map(({ atMs: lastMs }) =>
    arrivals.filter(({ atMs }) => atMs <= lastMs && atMs > lastMs - windowMs).reduce((sum, arrival) => sum + weigh(arrival), 0),
  );
  return Math.max(0, ...sums);
}
