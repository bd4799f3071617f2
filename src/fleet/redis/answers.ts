import type { Redis } from "ioredis";
import { type FleetKeys, maxKeptSeconds } from "./keys.ts";

/**
 * The first answer of a line stays, and none is kept of a chunk that was acknowledged: what a worker that was frozen brings comes too late.
 * Whether it was is known by its job.
 */
const putScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'no job' end
local outcome = 'kept'
for i = 2, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 0 then outcome = 'late' end
end
redis.call('EXPIRE', KEYS[2], ARGV[1])
return outcome
`;

/** The answer to a line of a chunk. */
export interface FieldAnswer {
  readonly field: string;
  readonly answer: string;
}

/** Answers to the lines of chunks, until their chunk is acknowledged. */
export class AnswerStore {
  readonly #redis: Redis;
  readonly #keys: FleetKeys;

  constructor(redis: Redis, keys: FleetKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @returns `late` where another worker has answered one of them. */
  async put(jobId: string, run: string, chunk: string, answers: readonly FieldAnswer[]): Promise<"kept" | "no job" | "late"> {
    const keys = [this.#keys.job(jobId), this.#keys.answers(run, chunk)];
    const pairs = answers.flatMap(({ field, answer }) => [field, answer]);
    const outcome = await this.#redis.eval(putScript, 2, ...keys, maxKeptSeconds, ...pairs);
    return outcome === "no job" || outcome === "late" ? outcome : "kept";
  }

  /** Which lines have one. */
  async fields(run: string, chunk: string): Promise<ReadonlySet<string>> {
    return new Set(await this.#redis.hkeys(this.#keys.answers(run, chunk)));
  }

  /** All of a chunk, by field. */
  async all(run: string, chunk: string): Promise<Readonly<Record<string, string>>> {
    return this.#redis.hgetall(this.#keys.answers(run, chunk));
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
