import type { Options } from "../../config/options.ts";
import type { FleetWorkerOptions } from "../../fleet/fleet.ts";
import { RequestManager } from "../../manager/manager.ts";
import type { Observer } from "../../model/event.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { limitsOf } from "../../setup/setup.ts";

interface WorkerParts {
  readonly options: Options;
  readonly provider: Provider;
  readonly prices: PriceBook;
  readonly observers: readonly Observer[];
}

/**
 * The coordinator prepares requests, judges answers, keeps them, and watches what the run may take: a worker asks, within the
 * run's limits and with its own retries.
 */
const onlyAsks = {
  context: "off",
  sanitize: "off",
  refresh: false,
  dedupe: false,
  retryEmpty: false,
  validateOutput: false,
  repair: false,
  order: "completion",
} as const;

/** Makes managers for the runs of a worker. */
export function createWorkerManager({ options, provider, prices, observers }: WorkerParts): FleetWorkerOptions["createManager"] {
  const {
    deadlineMs: _deadline,
    maxFailures: _failures,
    maxCostUsd: _cost,
    maxTokensTotal: _tokens,
    ...rest
  } = limitsOf(options);
  const { requestsPerMinute: _rpm, tokensPerMinute: _tpm, ...own } = rest;
  return (shared, observe) =>
    new RequestManager({ ...own, ...onlyAsks, provider, prices, observers: [...observers, observe], ...shared });
}
