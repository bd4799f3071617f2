import { describe, expect, test } from "vitest";
import { AdmittedFlow } from "../../src/limiters/admitted-flow.ts";
import { noWeights, type Weights } from "../../src/limiters/weights.ts";

const one: Weights = { ...noWeights, requests: 1, tokens: 100 };

/** Starts one each `everyMs`. */
function startEach(flow: AdmittedFlow, fromMs: number, untilMs: number, everyMs: number): void {
  for (let atMs = fromMs; atMs < untilMs; atMs += everyMs) flow.start(atMs, one);
}

describe("what a server has admitted", () => {
  test("since its bucket was empty is what flowed in; since it may have been full, a bucket less", () => {
    const flow = new AdmittedFlow(0);
    startEach(flow, 0, 1_000, 10);
    expect(flow.perMs(1_000, "requests", 1_000)).toBeCloseTo(0.05);
    expect(flow.perMs(1_000, "requests", 0)).toBeCloseTo(0.1);
    flow.mark(1_000, false);
    startEach(flow, 1_000, 2_000, 10);
    expect(flow.perMs(2_000, "requests", 1_000)).toBeCloseTo(0.1);
    expect(flow.perMs(2_000, "tokens", 1_000)).toBeCloseTo(10);
  });

  test("is less what it refused, and what was given back", () => {
    const flow = new AdmittedFlow(0);
    flow.mark(0, false);
    startEach(flow, 0, 1_000, 10);
    for (let refused = 0; refused < 50; refused += 1) flow.giveBack(one);
    expect(flow.perMs(1_000, "requests", 1_000)).toBeCloseTo(0.05);
  });

  test("lately may tell of more than all since the mark, most of which was idle", () => {
    const flow = new AdmittedFlow(0);
    flow.mark(0, false);
    startEach(flow, 90_000, 100_000, 10);
    expect(flow.perMs(100_000, "requests", 1_000)).toBeGreaterThan(0.08);
  });

  test("is something in any case: a pace of nothing would never end", () => {
    const flow = new AdmittedFlow(0);
    flow.giveBack(one);
    expect(flow.perMs(0, "requests", 0)).toBeGreaterThan(0);
    expect(flow.perMs(0, "requests", 0)).toBeLessThan(Infinity);
  });
});
