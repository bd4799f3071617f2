import type { Range } from "./estimate.ts";
import { minAnswers } from "./expected-answer.ts";
import type { ModelEstimate } from "./model-estimate.ts";
import { Sample } from "./sample.ts";

/** Assumed where nothing was sent yet: how long the first token takes, and how many come in a second then. */
const unseen = {
  firstTokenMs: { low: 200, expected: 1_000, high: 3_000 },
  tokensPerSecond: { low: 200, expected: 60, high: 20 },
} as const;

/** The slowest of many answers takes so many deviations longer than the mean. */
const deviationsOfLast = 3;

export interface ExpectedLatency {
  /** Of an answer, in the mean. */
  readonly latencyMs: Range;
  /** Of the last one. */
  readonly lastMs: Range;
}

/** How long answers take, from those that were sent, else from how long they are. */
export function expectedLatency(models: readonly ModelEstimate[]): ExpectedLatency {
  const requests = models.reduce((sum, model) => sum + model.requests, 0);
  const seen = new Sample();
  for (const { latenciesMs } of models) for (const ms of latenciesMs) seen.add(ms);
  if (seen.count >= minAnswers) {
    const { mean, deviation } = seen;
    const reach = seen.reach(Math.max(1, requests));
    const low = Math.max(0, mean - reach);
    const last = mean + deviationsOfLast * deviation;
    return { latencyMs: { low, expected: mean, high: mean + reach }, lastMs: { low: low / 2, expected: mean, high: last } };
  }
  const ofPart = (part: keyof Range): number =>
    models.reduce((sum, model) => sum + model.requests * assumedMs(model, part), 0) / Math.max(1, requests);
  const latencyMs = { low: ofPart("low"), expected: ofPart("expected"), high: ofPart("high") };
  return { latencyMs, lastMs: latencyMs };
}

function assumedMs({ answer }: ModelEstimate, part: keyof Range): number {
  return unseen.firstTokenMs[part] + (answer[part] / unseen.tokensPerSecond[part]) * 1000;
}
