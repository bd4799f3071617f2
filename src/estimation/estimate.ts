/** Within it the outcome is expected to be 19 times of 20. */
export interface Range {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** What a file will take. */
export interface Estimate {
  readonly requests: number;
  /** Whose answers the cache holds. */
  readonly cached: number;
  readonly toSend: number;
  /** Of the requests to be sent, as all the following. */
  readonly inputTokens: number;
  readonly outputTokens: Range;
  /** Null where the price of a model is not known. */
  readonly costUsd: Range | null;
  readonly seconds: Range;
  /** What the time depends on: `rpm`, `tpm`, `concurrency`, or the limit in words; null where nothing is to be sent. */
  readonly boundBy: string | null;

  /** Those without a price. */
  readonly unpricedModels: readonly string[];
  /** Requests whose tokens were counted, or known from answers; the others' are estimated. */
  readonly counted: number;
  /** Answers that the output is expected by. */
  readonly answersSeen: number;
}

/** For programs: the names that scripts depend on. */
export interface EstimateJson {
  readonly requests: number;
  readonly cached: number;
  readonly to_send: number;
  readonly input_tokens: number;
  readonly output_tokens: Range;
  readonly cost_usd: Range | null;
  readonly seconds: Range | null;
  readonly bound_by: string | null;
}

export function estimateJson(estimate: Estimate): EstimateJson {
  const { requests, cached, toSend, inputTokens, outputTokens, costUsd, seconds, boundBy } = estimate;
  return {
    requests,
    cached,
    to_send: toSend,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    cost_usd: costUsd && mapRange(costUsd, (usd) => rounded(usd, 9)),
    seconds: mapRange(seconds, (value) => rounded(value, 3)),
    bound_by: boundBy,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export const nothing: Range = { low: 0, expected: 0, high: 0 };

export function addRanges(one: Range, other: Range): Range {
  return { low: one.low + other.low, expected: one.expected + other.expected, high: one.high + other.high };
}

export function mapRange({ low, expected, high }: Range, map: (value: number) => number): Range {
  return { low: map(low), expected: map(expected), high: map(high) };
}
