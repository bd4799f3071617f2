import type { Redis } from "ioredis";
import { type FleetKeys, maxKeptSeconds } from "./keys.ts";

/**
 * None is kept of a chunk that was acknowledged: what a worker that was frozen brings comes too late. Whether it was is known by its job, and
 * whose the chunk is by its lock. The first answer of a line is the one that counts.
 */
const putScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'no job' end
redis.call('RPUSH', KEYS[3], ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[1])
local holder = redis.call('GET', KEYS[2])
if holder and string.sub(holder, 1, #ARGV[2]) ~= ARGV[2] then return 'late' end
return 'kept'
`;

/** Answers to the lines of chunks, until their chunk is acknowledged. */
export class AnswerStore {
  readonly #redis: Redis;
  readonly #keys: FleetKeys;

  constructor(redis: Redis, keys: FleetKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /**
   * @param holder How the name begins by which the worker holds its jobs.
   * @param answers Packed. @returns `late` where another worker has the job by now.
   */
  async put(jobId: string, holder: string, run: string, chunk: string, answers: string): Promise<"kept" | "no job" | "late"> {
    const keys = [this.#keys.job(jobId), this.#keys.lock(jobId), this.#keys.answers(run, chunk)];
    const outcome = await this.#redis.eval(putScript, keys.length, ...keys, maxKeptSeconds, holder, answers);
    return outcome === "no job" || outcome === "late" ? outcome : "kept";
  }

  /** All of a chunk, as they were put, in the order in which they came. */
  async all(run: string, chunk: string): Promise<readonly string[]> {
    return this.#redis.lrange(this.#keys.answers(run, chunk), 0, -1);
  }

  /** Notes that a line is begun. @returns how often it was. */
  async begin(run: string, chunk: string, field: string): Promise<number> {
    const key = this.#keys.begun(run, chunk);
    const count = await this.#redis.hincrby(key, field, 1);
    await this.#redis.expire(key, maxKeptSeconds);
    return count;
  }

  /** It ended without an answer, and without a crash. */
  async notBegun(run: string, chunk: string, field: string): Promise<void> {
    await this.#redis.hincrby(this.#keys.begun(run, chunk), field, -1);
  }

  /** @param chunks Which were acknowledged. */
  async remove(run: string, chunks: readonly string[]): Promise<void> {
    if (chunks.length === 0) return;
    await this.#redis.unlink(...chunks.flatMap((chunk) => [this.#keys.answers(run, chunk), this.#keys.begun(run, chunk)]));
  }
}
