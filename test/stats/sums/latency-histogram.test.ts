import { assert, double, array, property, constantFrom } from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../../src/stats/sums/latency-histogram.ts";

const durations = array(double({ min: 0.01, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 300 });

describe("LatencyHistogram", () => {
  it("gives every percentile of any durations within 1 %", () => {
    assert(
      property(durations, constantFrom(0.001, 0.5, 0.9, 0.99, 1), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;
        const found = histogramOf(values).percentile(share);
        expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(0.01 + 1e-9);
      }),
    );
  });

  it("knows the maximum and the mean exactly, and no percentile is above the maximum", () => {
    assert(
      property(durations, (values) => {
        const histogram = histogramOf(values);
        expect(histogram.max).toBe(Math.max(...values));
        expect(histogram.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
        expect(histogram.percentile(1)).toBeLessThanOrEqual(histogram.max);
      }),
    );
  });

  it("counts what is too short or too long to tell apart", () => {
    const histogram = histogramOf([0, 0.001, 1e9]);
    expect(histogram.count).toBe(3);
    expect(histogram.percentile(0.5)).toBeLessThanOrEqual(0.01);
    expect(histogram.percentile(1)).toBeGreaterThan(9e7);
    expect(histogram.max).toBe(1e9);
  });

  it("is all zeros while it is empty", () => {
    const histogram = new LatencyHistogram();
    expect([histogram.count, histogram.max, histogram.mean, histogram.percentile(0.5)]).toEqual([0, 0, 0, 0]);
  });
});

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}
