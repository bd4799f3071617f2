import { describe, expect, test } from "vitest";
import { noUsage } from "../../support/usage.ts";
import { OutputPrediction } from "../../../src/limiters/learning/output-prediction.ts";

const cost = { model: "m", inputTokens: 10, counting: "sum" } as const;
/** An answer that takes its time. */
const slowMs = 10_000;

function after(answers: number, completionTokens: number, durationMs = slowMs): OutputPrediction {
  const prediction = new OutputPrediction();
  for (let answer = 0; answer < answers; answer += 1)
    prediction.observe({ ...noUsage, promptTokens: 50, completionTokens }, durationMs);
  return prediction;
}

describe("what is reserved of a limit that requests and answers share", () => {
  test("before anything was seen is the maximum, or 256 tokens where there is none", () => {
    expect(after(0, 0).of({ ...cost, maxOutputTokens: 4_096 }).reserved).toBe(4_096);
    expect(after(0, 0).of(cost).reserved).toBe(256);
  });

  test("is no generous maximum once answers are known to be short", () => {
    expect(after(50, 50).of({ ...cost, maxOutputTokens: 4_096 }).reserved).toBe(50);
    expect(after(50, 50).of(cost).reserved).toBe(50);
  });

  test("is a maximum below what answers usually have", () => {
    expect(after(50, 500).of({ ...cost, maxOutputTokens: 20 }).reserved).toBe(20);
  });

  test("follows a model whose answers become longer", () => {
    const prediction = after(100, 50);
    for (let answer = 0; answer < 200; answer += 1) prediction.observe({ ...noUsage, completionTokens: 800 }, slowMs);
    expect(prediction.of(cost).reserved).toBeGreaterThan(750);
  });

  test("is the maximum again when the provider rejects what had room by the prediction", () => {
    const prediction = after(50, 50);
    prediction.distrust();
    expect(prediction.of({ ...cost, maxOutputTokens: 4_096 }).reserved).toBe(4_096);
    expect(prediction.of(cost).reserved).toBe(50);
  });

  test("is the maximum where answers come so soon that it is given back before it is missed", () => {
    // At any pace of answers of 100 tokens, 0.2 s hold 0.8 s' worth of tokens if each reserves 400.
    expect(after(50, 50, 200).of({ ...cost, maxOutputTokens: 400 }).reserved).toBe(400);
    expect(after(50, 50, 200).of({ ...cost, maxOutputTokens: 500 }).reserved).toBe(50);
  });
});

describe("what is reserved where the provider is known to hold the maximum against the limit", () => {
  const held = { ...cost, counting: "larger" } as const;

  test("is the maximum as long as half of the limit can be used so", () => {
    expect(after(50, 50, 200).of({ ...held, maxOutputTokens: 900 }).reserved).toBe(900);
    expect(after(50, 50, 200).of({ ...held, maxOutputTokens: 1_000 }).reserved).toBe(50);
  });
});

describe("what is expected, which limits on output alone count", () => {
  test("is never the maximum, however little was seen, but no more either", () => {
    expect(after(0, 0).of({ ...cost, maxOutputTokens: 4_096 }).expected).toBe(256);
    expect(after(0, 0).of({ ...cost, maxOutputTokens: 100 }).expected).toBe(100);
    expect(after(3, 56).of({ ...cost, maxOutputTokens: 4_096 }).expected).toBe(156);
    expect(after(50, 50).of({ ...cost, maxOutputTokens: 4_096 }).expected).toBe(50);
  });

  test("stays what it is when the provider turns requests away: the maximum does not count there", () => {
    const prediction = after(50, 50);
    prediction.distrust();
    expect(prediction.of({ ...cost, maxOutputTokens: 4_096 }).expected).toBe(50);
  });
});
