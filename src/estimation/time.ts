import { nothing, type Range } from "./estimate.ts";

/** A limit that a run keeps. */
export interface TimeLimit {
  /** For people and scripts: `rpm`. */
  readonly name: string;
  readonly perSecond: number;
  /** How much of it may be used at once. */
  readonly atOnce: number;
  /** How much all requests take of it. */
  readonly need: Range;
}

/** How long requests take, and how many are in flight. */
export interface Flight {
  readonly requests: number;
  readonly concurrency: number;
  /** Of requests, in the mean. */
  readonly latencyMs: Range;
  /** Of the last one that is answered. */
  readonly lastMs: Range;
}

export interface Time {
  readonly seconds: Range;
  readonly boundBy: string | null;
}

/** Limits are used to 99 % and more, see `paced-limit.ts`; servers that throttle, and retries, take what is left above. */
const paceSpread: Range = { low: 0.98, expected: 1.008, high: 1.1 };
/** What no limit tells: connecting, reading, writing. */
const overheadSeconds: Range = { low: 0, expected: 0.05, high: 1 };

/** What takes longest decides; the last answer comes when its latency is over. */
export function timeOf(limits: readonly TimeLimit[], { requests, concurrency, latencyMs, lastMs }: Flight): Time {
  if (requests === 0) return { seconds: nothing, boundBy: null };
  const rounds = Math.max(0, requests / concurrency - 1);
  const inFlight = byPart((part) => (rounds * latencyMs[part]) / 1000);
  const spans = [...limits.map((limit) => ({ name: limit.name, span: paced(limit) })), { name: "concurrency", span: inFlight }];
  const longest = spans.reduce((one, other) => (other.span.expected > one.span.expected ? other : one));
  const seconds = byPart(
    (part) => Math.max(...spans.map(({ span }) => span[part])) + lastMs[part] / 1000 + overheadSeconds[part],
  );
  return { seconds, boundBy: longest.name };
}

function paced({ need, perSecond, atOnce }: TimeLimit): Range {
  return byPart((part) => (Math.max(0, need[part] - atOnce) / perSecond) * paceSpread[part]);
}

function byPart(value: (part: keyof Range) => number): Range {
  return { low: value("low"), expected: value("expected"), high: value("high") };
}
