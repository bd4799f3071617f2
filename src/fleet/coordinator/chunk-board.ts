import { setTimeout as sleep } from "node:timers/promises";
import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { Attempt } from "../../model/attempt.ts";
import { messageOf } from "../../model/errors.ts";
import { cancelled, internal } from "../../model/failure.ts";
import type { AnswerStore } from "../redis/answers.ts";
import { type FleetKeys, maxKeptSeconds } from "../redis/keys.ts";
import type { Persistence } from "../redis/persist.ts";
import { readAnswers } from "../wire/answer.ts";
import { type NamedLine, packChunk } from "../wire/chunk.ts";
import type { RunSettings } from "../wire/protocol.ts";
import type { Seal } from "../wire/seal.ts";

/** A line that waits for its answer. */
export interface PendingLine extends NamedLine {
  readonly settle: (attempt: Attempt) => void;
  /** It is not waited for once this is aborted. */
  readonly signal: AbortSignal;
}

interface Job {
  readonly id: string;
  readonly chunk: string;
  readonly lines: Map<string, PendingLine>;
  /** How often the work on it ended in an error. */
  failures: number;
  isBusy: boolean;
}

interface ChunkBoardOptions {
  readonly run: string;
  readonly settings: RunSettings;
  readonly seal: Seal;
  readonly keys: FleetKeys;
  readonly redis: Redis;
  readonly queue: Queue;
  readonly events: QueueEvents;
  readonly answers: AnswerStore;
  readonly persistence: Persistence;
}

const maxFailures = 3;
/** A chunk that came back as it went would be taken again at once, by a worker that is about to end. */
const fruitlessMs = 1_000;

export const stoppedAttempt: Attempt = { ok: false, failure: cancelled("the run was stopped") };

/** The chunks that are with the fleet. What it knows is checked against Redis, which may lose everything at any time. */
export class ChunkBoard {
  readonly #options: ChunkBoardOptions;
  readonly #jobs = new Map<string, Job>();
  /** Of each chunk, the ids of its jobs that Redis may know, those of an earlier coordinator included. */
  readonly #idsByChunk = new Map<string, Set<string>>();
  /** Chunks that an earlier coordinator has left. */
  readonly #leftover = new Set<string>();
  /** Acknowledged, and under way still at a worker that is late. */
  readonly #late = new Set<string>();
  #isStopping = false;

  constructor(options: ChunkBoardOptions) {
    this.#options = options;
    const collect = ({ jobId }: { jobId: string }): void => void this.#collect(jobId, false);
    options.events.on("completed", collect);
    options.events.on("failed", ({ jobId }) => void this.#collect(jobId, true));
  }

  /** Learns what an earlier coordinator of the run has left. */
  async begin(): Promise<void> {
    const { redis, keys, run, persistence } = this.#options;
    for (const id of await persistence.persist(() => redis.smembers(keys.jobs(run)))) {
      const chunk = chunkOf(id);
      this.#leftover.add(chunk);
      this.#idsOf(chunk).add(id);
    }
  }

  /** @param part 0 for the chunk itself, above for lines of it that are asked later. */
  async submit(chunk: string, part: number, lines: readonly PendingLine[]): Promise<void> {
    const { run } = this.#options;
    const id = `c-${run}-${chunk}${part === 0 ? "" : `-${part}`}`;
    const job: Job = {
      id,
      chunk,
      lines: new Map(lines.map((line) => [line.field, line])),
      failures: 0,
      isBusy: true,
    };
    this.#jobs.set(id, job);
    this.#idsOf(chunk).add(id);
    if (this.#leftover.has(chunk)) await this.#settleKnown(job);
    if (job.lines.size === 0) this.#jobs.delete(id);
    else await this.#add(job);
    job.isBusy = false;
  }

  /** Lines that are not waited for any more. */
  forget(signal: AbortSignal): void {
    for (const { lines } of this.#jobs.values())
      for (const line of lines.values()) if (line.signal === signal) settleLine(lines, line, stoppedAttempt);
  }

  /** Compares with Redis: what it has lost is added again, and what is finished there is taken. */
  async reconcile(): Promise<void> {
    const { queue } = this.#options;
    const jobs = [...this.#jobs.values()].filter(({ isBusy }) => !isBusy);
    await Promise.all([
      ...jobs.map(async (job) => {
        const state = await queue.getJobState(job.id);
        if (state === "completed" || state === "failed") await this.#collect(job.id, state === "failed");
        else if (state === "unknown" && !job.isBusy && this.#jobs.has(job.id)) await this.#exclusively(job, () => this.#add(job));
      }),
      this.#removeJobs([...this.#late]),
    ]);
    await this.#options.redis.expire(this.#options.keys.jobs(this.#options.run), maxKeptSeconds);
  }

  /** Their results are written: nothing is kept of these chunks. */
  async acknowledge(chunks: readonly string[]): Promise<void> {
    const { answers, run, persistence } = this.#options;
    const ids = chunks.flatMap((chunk) => [...(this.#idsByChunk.get(chunk) ?? [])]);
    for (const chunk of chunks) this.#idsByChunk.delete(chunk);
    if (ids.length === 0) return;
    // First the jobs, so that no late answer is kept.
    await persistence.persist(() => this.#removeJobs(ids));
    await persistence.persist(() => answers.remove(run, chunks));
  }

  /** Nothing more is to be asked. Chunks that no worker has begun are taken back. */
  async halt(): Promise<void> {
    this.#isStopping = true;
    const { queue } = this.#options;
    await Promise.all(
      [...this.#jobs.values()].map(async (job) => {
        if ((await queue.getJobState(job.id)) === "active") return;
        if ((await queue.remove(job.id)) === 1) this.#cancel(job);
      }),
    );
  }

  /** Acknowledges all that is left of the run. @returns the ids of jobs that are under way still. */
  async clear(): Promise<number> {
    await this.acknowledge([...this.#idsByChunk.keys()]);
    await this.#removeJobs([...this.#late]);
    return this.#late.size;
  }

  #idsOf(chunk: string): Set<string> {
    const ids = this.#idsByChunk.get(chunk) ?? new Set();
    this.#idsByChunk.set(chunk, ids);
    return ids;
  }

  async #add(job: Job): Promise<void> {
    const { run, settings, seal, redis, keys, queue, persistence } = this.#options;
    const data = packChunk({ run, chunk: job.chunk, settings }, [...job.lines.values()], seal);
    await persistence.persist(() => redis.sadd(keys.jobs(run), job.id));
    await persistence.persist(() => queue.add("chunk", data, { jobId: job.id }));
  }

  async #collect(id: string, hasFailed: boolean): Promise<void> {
    const job = this.#jobs.get(id);
    if (job === undefined || job.isBusy) return;
    await this.#exclusively(job, async () => {
      const before = job.lines.size;
      await this.#settleKnown(job);
      if (hasFailed) await this.#noteFailure(job);
      if (this.#isStopping) this.#cancel(job);
      if (job.lines.size === 0) {
        this.#jobs.delete(id);
        return;
      }
      if (job.lines.size === before) await sleep(fruitlessMs);
      await this.#options.queue.remove(id);
      await this.#add(job);
    });
  }

  async #exclusively(job: Job, task: () => Promise<void>): Promise<void> {
    job.isBusy = true;
    try {
      await task();
    } finally {
      job.isBusy = false;
    }
  }

  /** The first answer of a line counts. */
  async #settleKnown({ lines, chunk }: Job): Promise<void> {
    const { answers, run, seal, persistence } = this.#options;
    const groups = await persistence.persist(() => answers.all(run, chunk));
    try {
      for (const group of groups)
        for (const { field, attempt } of readAnswers(group, seal)) {
          const line = lines.get(field);
          if (line !== undefined) settleLine(lines, line, attempt);
        }
    } catch (error) {
      const failure = internal(`what a worker has left cannot be read: ${messageOf(error)}`);
      for (const line of lines.values()) settleLine(lines, line, { ok: false, failure });
    }
  }

  async #noteFailure(job: Job): Promise<void> {
    job.failures += 1;
    if (job.failures < maxFailures) return;
    const { failedReason = "" } = (await this.#options.queue.getJob(job.id)) ?? {};
    for (const { settle } of job.lines.values())
      settle({ ok: false, failure: internal(`workers cannot do its chunk: ${failedReason}`), calls: { count: 0, latencyMs: 0 } });
    job.lines.clear();
  }

  #cancel(job: Job): void {
    for (const { settle } of job.lines.values()) settle(stoppedAttempt);
    job.lines.clear();
    this.#jobs.delete(job.id);
  }

  async #removeJobs(ids: readonly string[]): Promise<void> {
    const { queue, redis, keys, run, answers } = this.#options;
    if (ids.length === 0) return;
    const late = ids.filter((id) => this.#late.has(id));
    const removed = await Promise.all(ids.map(async (id) => ((await queue.remove(id)) === 1 ? id : undefined)));
    const gone = removed.filter((id) => id !== undefined);
    for (const id of ids) this.#late.add(id);
    for (const id of gone) this.#late.delete(id);
    if (gone.length > 0) await redis.srem(keys.jobs(run), ...gone);
    // As long as its job is there, a worker that is late leaves answers.
    await answers.remove(run, late.filter((id) => !this.#late.has(id)).map(chunkOf));
  }
}

function settleLine(lines: Map<string, PendingLine>, line: PendingLine, attempt: Attempt): void {
  lines.delete(line.field);
  line.settle(attempt);
}

/** `c-RUN-CHUNK` or `c-RUN-CHUNK-PART`. */
function chunkOf(id: string): string {
  return id.split("-")[2] ?? "";
}
