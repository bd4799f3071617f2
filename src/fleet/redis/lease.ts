import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";

/** A coordinator that died is waited for as long. */
const leaseMs = 15_000;
const pollMs = 500;

const renewScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Only one coordinator has a run. */
export class Lease {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #token: string;

  constructor(redis: Redis, key: string, token: string) {
    this.#redis = redis;
    this.#key = key;
    this.#token = token;
  }

  /**
   * Waits until the lease of one that died runs out, 15 s at most.
   *
   * @param onWait Called once where there is something to wait for.
   * @returns whether it was taken: not where another coordinator renews it.
   */
  async acquire(onWait: () => void): Promise<boolean> {
    let leftMs = Infinity;
    for (;;) {
      if (await this.renew()) return true;
      const left = await this.#redis.pttl(this.#key);
      // It is renewed each second: a rest that grows is another's that lives.
      if (left > leftMs) return false;
      if (leftMs === Infinity) onWait();
      leftMs = left;
      await sleep(pollMs);
    }
  }

  /** @returns false when another has it. What Redis has lost is taken again. */
  async renew(): Promise<boolean> {
    return (await this.#redis.eval(renewScript, 1, this.#key, this.#token, leaseMs)) === 1;
  }

  async release(): Promise<void> {
    await this.#redis.eval(releaseScript, 1, this.#key, this.#token);
  }
}
