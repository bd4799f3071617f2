import type { Redis } from "ioredis";
import type { FleetKeys } from "./keys.ts";

/** How often each says that it is there, and how long that is believed. */
export const beatMs = 1_000;
export const presenceMs = 4_000;

/** Writes an entry, drops those whose time is over by Redis' own clock, and returns the other kind's. */
const announceScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
for i = 1, 3, 2 do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now)) do
    redis.call('ZREM', KEYS[i], id)
    redis.call('HDEL', KEYS[i + 1], id)
  end
  redis.call('PEXPIRE', KEYS[i], ARGV[1] * 15)
  redis.call('PEXPIRE', KEYS[i + 1], ARGV[1] * 15)
end
return redis.call('HVALS', KEYS[4])
`;

type Kind = "workers" | "runs";

/** Who takes part, by Redis' own clock. */
export class Directory {
  readonly #redis: Redis;
  readonly #keys: FleetKeys;
  readonly #kind: Kind;
  readonly #id: string;

  /** @param kind Of the one that announces itself. */
  constructor(redis: Redis, keys: FleetKeys, kind: Kind, id: string) {
    this.#redis = redis;
    this.#keys = keys;
    this.#kind = kind;
    this.#id = id;
  }

  /** Says that one is there, until in 4 s. @returns what those of the other kind say. */
  async announce(presence: object): Promise<string[]> {
    const other = this.#kind === "workers" ? "runs" : "workers";
    const keys = [...this.#keys.directory(this.#kind), ...this.#keys.directory(other)];
    const values = await this.#redis.eval(announceScript, 4, ...keys, presenceMs, this.#id, JSON.stringify(presence));
    return Array.isArray(values) ? values.map(String) : [];
  }

  async leave(): Promise<void> {
    const [times, entries] = this.#keys.directory(this.#kind);
    await Promise.all([this.#redis.zrem(times, this.#id), this.#redis.hdel(entries, this.#id)]);
  }
}
