import { createHash } from "node:crypto";
import type { RedisClient } from "./redis-client.ts";

/** A script, by the hash that Redis knows it by once it has seen it. */
export class RedisScript {
  readonly #text: string;
  readonly #hash: string;

  constructor(text: string) {
    this.#text = text;
    this.#hash = createHash("sha1").update(text).digest("hex");
  }

  /** @throws Error of Redis, or of the connection. */
  async run(redis: RedisClient, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#hash, keys.length, ...keys, ...args);
    } catch (error) {
      // It was restarted, or never saw it.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return redis.eval(this.#text, keys.length, ...keys, ...args);
    }
  }
}
