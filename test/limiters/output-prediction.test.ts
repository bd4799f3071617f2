import { expect, test } from "vitest";
import { OutputPrediction } from "../../src/limiters/output-prediction.ts";

const cost = { model: "m", inputTokens: 10, counting: "sum" } as const;

function after(answers: number, tokens: number): OutputPrediction {
  const prediction = new OutputPrediction();
  for (let answer = 0; answer < answers; answer += 1) prediction.observe(tokens);
  return prediction;
}

test("before anything was seen an answer has its maximum, or 256 tokens where it has none", () => {
  expect(after(0, 0).outputTokens({ ...cost, maxOutputTokens: 4_096 })).toBe(4_096);
  expect(after(0, 0).outputTokens(cost)).toBe(256);
});

test("a generous maximum does not count once answers are known to be short", () => {
  expect(after(10, 50).outputTokens({ ...cost, maxOutputTokens: 4_096 })).toBe(50);
  expect(after(10, 50).outputTokens(cost)).toBe(50);
});

test("a maximum below what answers usually have is what counts", () => {
  expect(after(10, 500).outputTokens({ ...cost, maxOutputTokens: 20 })).toBe(20);
});

test("follows a model whose answers become longer", () => {
  const prediction = after(100, 50);
  for (let answer = 0; answer < 200; answer += 1) prediction.observe(800);
  expect(prediction.outputTokens(cost)).toBeGreaterThan(750);
});

test("counts the maximum again when the provider turns away what had room by the prediction", () => {
  const prediction = after(50, 50);
  prediction.distrust();
  expect(prediction.outputTokens({ ...cost, maxOutputTokens: 4_096 })).toBe(4_096);
  expect(prediction.outputTokens(cost)).toBe(50);
});
