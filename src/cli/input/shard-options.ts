import type { Options } from "../../config/options.ts";
import type { ProviderConfig } from "../../config/provider-config.ts";
import { describeRateLimit, type RateLimit } from "../../model/rate-limit.ts";
import { rateLimitsOf } from "../../setup/setup.ts";
import { formatUsd } from "../../text/format-numbers.ts";
import { printError } from "../terminal/print-error.ts";

/** The options of one shard, with its share of the limits; says how much that is. */
export function optionsOfShard(options: Options): Options {
  const { shard, quiet } = options;
  const shared = shareLimits(options);
  if (shard === undefined || shared === options || quiet) return shared;
  const { index, count } = shard;
  const shares = listShares(shared);
  if (shares.length > 0) printError(`--shard ${index}/${count}: of each limit that was set, 1/${count}: ${shares.join(", ")}`);
  return shared;
}

function listShares({ limit, max_cost: cost, max_tokens_total: tokens, providers }: Options): string[] {
  return [
    ...limit.rates.map(describeRateLimit),
    ...(cost === undefined ? [] : [formatUsd(cost)]),
    ...(tokens === undefined ? [] : [`${tokens} tokens in all`]),
    ...Object.entries(providers).flatMap(([name, provider]) => sharesOfProvider(name, provider)),
  ];
}

function sharesOfProvider(name: string, { limits = [], concurrency }: ProviderConfig): string[] {
  const rates = limits.map((rate) => `${describeRateLimit(rate)} for each key of ${name}`);
  return concurrency === undefined ? rates : rates.concat(`${concurrency} in flight at ${name}`);
}

/**
 * The options of one shard: limits that were set, of rates, money, tokens and of a provider's concurrency, hold for all shards together. Its own
 * are `--concurrency`, which is a machine's, and what only ends a run: `--deadline`, `--max-failures`.
 */
function shareLimits(options: Options): Options {
  const { shard, limit, max_cost: cost, max_tokens_total: tokens, providers } = options;
  if (shard === undefined || shard.count === 1) return options;
  const { count } = shard;
  return {
    ...options,
    rpm: undefined,
    tpm: undefined,
    limit: { ...limit, rates: rateLimitsOf(options).map((rate) => shareOf(rate, count)) },
    ...(cost !== undefined && { max_cost: cost / count }),
    ...(tokens !== undefined && { max_tokens_total: Math.max(1, Math.floor(tokens / count)) }),
    // Without a prototype, because a user may choose `constructor` as a name.
    providers: Object.setPrototypeOf(
      Object.fromEntries(Object.entries(providers).map(([name, provider]) => [name, shareOfProvider(provider, count)])),
      null,
    ),
  };
}

function shareOfProvider({ limits, concurrency, ...rest }: ProviderConfig, count: number): ProviderConfig {
  return {
    ...rest,
    ...(limits !== undefined && { limits: limits.map((rate) => shareOf(rate, count)) }),
    ...(concurrency !== undefined && { concurrency: Math.max(1, Math.floor(concurrency / count)) }),
  };
}

/** Of less than one in the period, one in a longer period: nothing would ever start. */
function shareOf({ amount, periodMs, burst, ...rest }: RateLimit, count: number): RateLimit {
  const share = amount / count;
  const longer = Math.max(1, 1 / share);
  return {
    ...rest,
    amount: share * longer,
    periodMs: periodMs * longer,
    ...(burst !== undefined && { burst: Math.max(1, burst / count) }),
  };
}
