import type { Binding, LimiterStatus } from "../../limiters/limiter.ts";
import type { TokenStats } from "../../stats/stats.ts";

/** Where a display reads what it shows. It reads at each redraw and at no other time. */
export interface ProgressSource {
  readonly stats: TokenStats;
  readonly limiterStatus: () => LimiterStatus;
  /** Lines of the input; undefined while nobody knows, as with stdin. */
  readonly total?: number | undefined;
}

/** What every form of progress shows, at one moment. */
export interface ProgressFigures {
  readonly total: number | undefined;
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly fromCache: number;
  readonly retrying: number;
  readonly inFlight: number;
  readonly elapsedSeconds: number;
  readonly totalTokens: number;
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  /** What holds the run back, named as the option that sets it; undefined when nothing does. */
  readonly limit: string | undefined;
  /** What that limit allows, in its period or in flight, where it has a figure. */
  readonly limitAmount: number | undefined;
  /** Whether it was found out rather than set. */
  readonly isLimitLearned: boolean;
  readonly pauseSeconds: number;
  readonly secondsLeft: number | undefined;
}

export function readFigures({ stats, limiterStatus, total }: ProgressSource): ProgressFigures {
  const status = limiterStatus();
  const done = stats.requestsCompleted + stats.requestsFailed;
  return {
    total,
    done,
    succeeded: stats.requestsCompleted,
    failed: stats.requestsFailed,
    fromCache: stats.cacheHits,
    retrying: stats.requestsRetrying,
    inFlight: status.inFlight,
    elapsedSeconds: stats.elapsedSeconds,
    totalTokens: stats.totalTokens,
    requestsPerSecond: stats.requestsPerSecond,
    tokensPerSecond: stats.tokensPerSecond,
    limit: limitNames[status.binding],
    limitAmount: status.amount,
    isLimitLearned: status.source !== undefined && status.source !== "configured",
    pauseSeconds: status.pauseMs / 1000,
    secondsLeft: total === undefined || total < done ? undefined : stats.secondsFor(total - done),
  };
}

const limitNames: Readonly<Record<Binding, string | undefined>> = {
  nothing: undefined,
  concurrency: "concurrency",
  requests: "rpm",
  tokens: "tpm",
  "input-tokens": "input tpm",
  "output-tokens": "output tpm",
  pause: "pause",
  circuit: "unreachable",
};

/** 100 only when all is done. */
export function percentDone({ done, total }: ProgressFigures): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}
