import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/mock/chance.ts";
import { latencyOf } from "../../../src/mock/faults/latency.ts";

const digests = Array.from({ length: 10_000 }, (_, at) => digestOf(0, "/chat/completions", `body ${at}`));

describe("latencyOf", () => {
  it("spreads evenly around the latency", () => {
    const latencies = digests.map((digest) => latencyOf({ latencyMs: 100, jitterMs: 50 }, digest));
    expect(Math.min(...latencies)).toBe(50);
    expect(Math.max(...latencies)).toBe(150);
    expect(latencies.reduce((sum, each) => sum + each) / latencies.length).toBeCloseTo(100, -1);
    expect(latencies.filter((each) => each < 75).length / latencies.length).toBeCloseTo(0.25, 1);
  });

  it("is the same for the same request, and exact without jitter", () => {
    for (const digest of digests.slice(0, 100)) {
      expect(latencyOf({ latencyMs: 100, jitterMs: 50 }, digest)).toBe(latencyOf({ latencyMs: 100, jitterMs: 50 }, digest));
      expect(latencyOf({ latencyMs: 7, jitterMs: 0 }, digest)).toBe(7);
    }
  });

  it("is never below 0", () => {
    expect(Math.min(...digests.map((digest) => latencyOf({ latencyMs: 5, jitterMs: 100 }, digest)))).toBe(0);
  });
});
