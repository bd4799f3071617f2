import { UsageError } from "../model/errors.ts";

export interface MockServerOptions {
  /** 0, the default, takes any free one. */
  readonly port?: number | undefined;
  /** Address to listen on; 127.0.0.1 by default, which only this machine can reach. */
  readonly host?: string | undefined;
  /** No limit by default. Limits are for all models and keys together. */
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** How long an answer takes, in milliseconds; 50 by default. */
  readonly latencyMs?: number | undefined;
  /** Answers take `latencyMs` give or take this much; 0 by default. */
  readonly jitterMs?: number | undefined;
  /** Share of the attempts that fail on purpose, from 0 (the default) to 1. */
  readonly failRate?: number | undefined;
  /** Another seed gives other answers, failures and latencies; 0 by default. */
  readonly seed?: number | undefined;
}

export interface MockSettings {
  readonly port: number;
  readonly host: string;
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly failRate: number;
  readonly seed: number;
}

/** Fills in the defaults. @throws UsageError that names the first option with a value it cannot have. */
export function readSettings(options: MockServerOptions): MockSettings {
  const { port = 0, host = "127.0.0.1", requestsPerMinute, tokensPerMinute } = options;
  const { latencyMs = 50, jitterMs = 0, failRate = 0, seed = 0 } = options;
  check("port", port, 0, 65_535, "whole");
  if (requestsPerMinute !== undefined) check("requestsPerMinute", requestsPerMinute, 1, largestLimit);
  if (tokensPerMinute !== undefined) check("tokensPerMinute", tokensPerMinute, 1, largestLimit);
  check("latencyMs", latencyMs, 0, longestLatencyMs);
  check("jitterMs", jitterMs, 0, longestLatencyMs);
  check("failRate", failRate, 0, 1);
  check("seed", seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "whole");
  return { port, host, requestsPerMinute, tokensPerMinute, latencyMs, jitterMs, failRate, seed };
}

const largestLimit = 1e12;
/** Far below what a timer can count (2^31 - 1 ms), far above what a client waits for. */
const longestLatencyMs = 24 * 60 * 60 * 1000;

function check(name: string, value: number, least: number, most: number, kind?: "whole"): void {
  if (value >= least && value <= most && (kind === undefined || Number.isInteger(value))) return;
  const wanted = kind === "whole" ? "a whole number" : "a number";
  throw new UsageError(`${name} is ${value}: it must be ${wanted} from ${least} to ${most}.`);
}
