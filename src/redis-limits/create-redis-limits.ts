import type { RedisClient } from "./redis-client.ts";
import type { LimitScope, ScopedLimit, SharedLimits, SharedLimitsListener, SharedTarget } from "../limiters/limiters.ts";
import { readNews } from "./read-reply.ts";
import { RedisTarget } from "./redis-target.ts";

export type { RedisClient } from "./redis-client.ts";

export interface RedisLimitsOptions {
  /** What its keys begin with. @default "llmbatch:" */
  readonly prefix?: string;
}

/** A Redis that does not answer for so long is away. */
const commandTimeoutMs = 2_000;
const maxReconnectMs = 1_000;

/**
 * Limits, pauses and what providers tell of them, kept in Redis for all processes that use the same one with the same prefix. While it cannot be
 * reached nothing starts. What is set must be set alike everywhere.
 *
 * @param redis Its settings are used, for two connections of their own: it may be used for other things, and closed. Redis or Valkey, from 6.2.
 * @example
 * const sharedLimits = createRedisLimits(new Redis("redis://127.0.0.1"));
 * const manager = new RequestManager({ provider, requestsPerMinute: 6000, sharedLimits });
 */
export function createRedisLimits(redis: RedisClient, { prefix = "llmbatch:" }: RedisLimitsOptions = {}): SharedLimits {
  return new RedisLimits(redis, prefix);
}

function retryStrategy(times: number): number {
  return Math.min(maxReconnectMs, 25 * 2 ** Math.min(times, 10));
}

class RedisLimits implements SharedLimits {
  readonly #prefix: string;
  readonly #channel: string;
  readonly #commands: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #targets = new Set<RedisTarget>();
  #isSubscribed = false;

  constructor(redis: RedisClient, prefix: string) {
    this.#prefix = prefix;
    this.#channel = `${prefix}limit-news`;
    const common = { retryStrategy, lazyConnect: false, maxRetriesPerRequest: null, autoResendUnfulfilledCommands: false };
    // A lease that is asked for now is of no use once the connection is back.
    this.#commands = redis.duplicate({ ...common, enableOfflineQueue: false, commandTimeout: commandTimeoutMs });
    this.#subscriber = redis.duplicate({ ...common, enableOfflineQueue: false, autoResubscribe: false });
    for (const connection of [this.#commands, this.#subscriber]) {
      // Without a listener they would be printed. Targets say that Redis is away.
      connection.on("error", () => {});
      connection.on("close", () => this.#lost(connection));
    }
    this.#commands.on("ready", () => this.#refresh());
    this.#subscriber.on("ready", () => void this.#subscribe());
    this.#subscriber.on("message", (_, text) => this.#hear(text));
  }

  open(scope: Required<LimitScope>, limits: readonly ScopedLimit[], listener: SharedLimitsListener): SharedTarget {
    const target = new RedisTarget({
      redis: this.#commands,
      isConnected: () => this.#isConnected,
      prefix: this.#prefix,
      channel: this.#channel,
      scope,
      limits,
      listener,
      onClose: (closed) => this.#targets.delete(closed),
    });
    this.#targets.add(target);
    return target;
  }

  async close(): Promise<void> {
    for (const target of this.#targets) target.close();
    // What they report last is on its way.
    await this.#commands.quit().catch(() => {});
    this.#commands.disconnect();
    this.#subscriber.disconnect();
  }

  get #isConnected(): boolean {
    return this.#isSubscribed && this.#commands.status === "ready";
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel);
      this.#isSubscribed = true;
      this.#refresh();
    } catch {
      // The connection was lost meanwhile; it comes back.
    }
  }

  #refresh(): void {
    for (const target of this.#targets) void target.refresh();
  }

  #lost(connection: RedisClient): void {
    if (connection === this.#subscriber) this.#isSubscribed = false;
    for (const target of this.#targets) target.lost();
  }

  #hear(text: string): void {
    const news = readNews(text);
    if (news === undefined) return;
    for (const target of this.#targets) if (target.name === news.target) target.hear(news);
  }
}
