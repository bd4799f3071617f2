import type { Blocker, LimiterStatus } from "../limiters/limiters.ts";
import type { TokenStats } from "../stats/stats.ts";

/** What a display reads at each redraw. */
export interface ProgressSource {
  readonly stats: TokenStats;
  readonly limiterStatus: () => LimiterStatus;
  /** Lines of the input; undefined for stdin. */
  readonly total?: number | undefined;
  /** How many machines work on it. @default this one alone */
  readonly workers?: (() => number) | undefined;
}

/** The figures that every form of progress shows. */
export interface ProgressFigures {
  readonly total: number | undefined;
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly fromCache: number;
  readonly retrying: number;
  readonly inFlight: number;
  /** Undefined where there is no fleet. */
  readonly workers?: number | undefined;
  readonly elapsedSeconds: number;
  readonly totalTokens: number;
  /** US dollars so far; null while no price is known. */
  readonly costUsd: number | null;
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  /** What limits the run, by the name of its option; undefined when nothing does. */
  readonly limit: string | undefined;
  /** The limit's amount, per period or in flight, if it has one. */
  readonly limitAmount: number | undefined;
  /** Whether the limit was learned from the provider, not set by the user. */
  readonly isLimitLearned: boolean;
  readonly pauseSeconds: number;
  readonly secondsLeft: number | undefined;
}

export function readFigures({ stats, limiterStatus, total, workers }: ProgressSource): ProgressFigures {
  const status = limiterStatus();
  const done = stats.requestsCompleted + stats.requestsFailed;
  const working = workers?.();
  const isKnown = total !== undefined && total >= done && working !== 0; // without workers it is not known
  return {
    total,
    done,
    succeeded: stats.requestsCompleted,
    failed: stats.requestsFailed,
    fromCache: stats.cacheHits,
    retrying: stats.requestsRetrying,
    inFlight: status.inFlight,
    workers: working,
    elapsedSeconds: stats.elapsedSeconds,
    totalTokens: stats.totalTokens,
    costUsd: stats.pricedRequests > 0 ? stats.costUsd : null,
    requestsPerSecond: stats.requestsPerSecond,
    tokensPerSecond: stats.tokensPerSecond,
    limit: limitNames[status.blockedBy],
    limitAmount: status.amount,
    isLimitLearned: status.source !== undefined && status.source !== "configured",
    pauseSeconds: status.pauseMs / 1000,
    secondsLeft: isKnown ? secondsLeft(stats.secondsFor(total - done), status.pauseMs) : undefined,
  };
}

/** Nothing is done in a pause. */
function secondsLeft(seconds: number | undefined, pauseMs: number): number | undefined {
  return seconds === undefined || seconds === 0 ? seconds : seconds + pauseMs / 1000;
}

const limitNames: Readonly<Record<Blocker, string | undefined>> = {
  nothing: undefined,
  concurrency: "concurrency",
  requests: "rpm",
  tokens: "tpm",
  "input-tokens": "input tpm",
  "output-tokens": "output tpm",
  pause: "pause",
  circuit: "unreachable",
  "shared-limits": "shared limits away",
};

/** 100 only when all lines are done. */
export function percentDone({ done, total }: ProgressFigures): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}
