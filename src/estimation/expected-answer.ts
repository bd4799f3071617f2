import type { Range } from "./estimate.ts";
import type { Sample } from "./sample.ts";

/** What is assumed of a model whose answers were not seen: from a word or two to two pages, and about the mean of short chat answers. */
const unseen: Range = { low: 8, expected: 256, high: 2_048 };

/** Fewer answers leave the assumption a say. */
export const minAnswers = 5;
/** Lengths of answers have a long tail, and samples miss the longest. */
const tailFactor = 1.25;

interface AnswerLimit {
  /** The mean of the most tokens that answers may have, of the requests that say so. */
  readonly meanMax: number | undefined;
  /** Whether all of them say so. */
  readonly isLimited: boolean;
}

/** The tokens of an answer, in the mean of `requests` of them. What requests allow their answers is never exceeded. */
export function expectedAnswer(seen: Sample, requests: number, { meanMax, isLimited }: AnswerLimit): Range {
  const most = isLimited && meanMax !== undefined ? meanMax : Infinity;
  if (seen.count >= minAnswers) {
    const reach = seen.reach(requests) * tailFactor;
    const expected = Math.min(most, seen.mean);
    return { low: Math.max(0, expected - reach), expected, high: Math.min(most, expected + reach) };
  }
  const high = meanMax ?? unseen.high;
  const expected = Math.min(high, unseen.expected);
  return { low: Math.min(expected, unseen.low), expected, high: isLimited ? high : Math.max(high, unseen.high) };
}
