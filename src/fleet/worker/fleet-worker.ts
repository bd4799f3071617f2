import type { Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { RequestManager, RequestManagerOptions } from "../../manager/manager.ts";
import { ConfigurationError, messageOf, type RunStoppedError } from "../../model/errors.ts";
import type { Observer } from "../../model/event.ts";
import type { FleetAddress } from "../redis/address.ts";
import { atMost } from "../redis/at-most.ts";
import { createRedisLimits } from "../../redis-limits/redis-limits.ts";
import { AnswerStore } from "../redis/answers.ts";
import { connect, connectionOptions } from "../redis/connect.ts";
import { beatMs, Directory } from "../redis/directory.ts";
import { FleetKeys } from "../redis/keys.ts";
import type { FleetPackages } from "../redis/packages.ts";
import { Persistence } from "../redis/persist.ts";
import { readJob, unpackLines, type ChunkJob } from "../wire/chunk.ts";
import { mismatchWith, readRuns, type RunPresence, type WorkerPresence } from "../wire/presence.ts";
import { fleetProtocol } from "../wire/protocol.ts";
import type { Seal } from "../wire/seal.ts";
import { ChunkWork } from "./chunk-work.ts";
import { LineRunner } from "./line-runner.ts";

/** What a run's workers keep together: the run's limits, pauses, and what providers tell of limits. */
export type FleetLimits = Required<Pick<RequestManagerOptions, "limits" | "sharedLimits">>;

export interface FleetWorkerOptions {
  readonly packages: FleetPackages;
  readonly address: FleetAddress;
  readonly seal: Seal;
  readonly id: string;
  /** For people: where it runs. */
  readonly name: string;
  readonly version: string;
  /** Lines in flight at most, of each run. */
  readonly concurrency: number;
  /** Makes the manager that asks the lines of one run, with results in the order of completion. */
  readonly createManager: (shared: FleetLimits, observe: Observer) => RequestManager;
  readonly keepsKeyRefusals: boolean;
  /** How long a worker may be silent before its chunks are given to others. @default 15 s */
  readonly lockMs?: number;
  readonly say: (message: string) => void;
}

const defaultLockMs = 15_000;
/** What is left of a drain for Redis to take the last answers. */
const closeMs = 5_000;
/** Stalls are counted by `ChunkWork`, which knows what to do about them. */
const maxStalledCount = 1_000_000;

/** Takes chunks from the queue and asks their lines. */
export class FleetWorker {
  /** Resolves once it stopped by itself, with the reason. */
  readonly stopped: Promise<RunStoppedError>;
  readonly #options: FleetWorkerOptions;
  readonly #redis: Redis;
  readonly #keys: FleetKeys;
  readonly #answers: AnswerStore;
  readonly #directory: Directory;
  readonly #persistence: Persistence;
  readonly #closing = new AbortController();
  readonly #live = new Map<string, LineRunner>();
  readonly #stoppingRuns = new Set<string>();
  readonly #underWay = new Map<string, { readonly done: Promise<void>; readonly size: number }>();
  readonly #work = new Map<string, ChunkWork>();
  readonly #refused = new Set<string>();
  #queue: Worker | undefined;
  #beat: NodeJS.Timeout | undefined;
  #isBeating = false;
  #isDraining = false;
  #onStopped: (stop: RunStoppedError) => void = () => undefined;
  #onFailed: (error: unknown) => void = () => undefined;

  /** @throws ConfigurationError where Redis does not let it in, or all runs that there are, are of another protocol or secret. */
  static async start(options: FleetWorkerOptions): Promise<FleetWorker> {
    const redis = await connect(options.packages, options.address, options.say);
    const worker = new FleetWorker(options, redis);
    try {
      await worker.#begin();
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    return worker;
  }

  private constructor(options: FleetWorkerOptions, redis: Redis) {
    this.#options = options;
    this.#redis = redis;
    this.#keys = new FleetKeys(options.address.prefix, options.seal);
    this.#answers = new AnswerStore(redis, this.#keys);
    this.#directory = new Directory(redis, this.#keys, "workers", options.id);
    this.#persistence = new Persistence(options.say, this.#closing.signal);
    this.stopped = new Promise((resolve, reject) => {
      this.#onStopped = resolve;
      this.#onFailed = reject;
    });
  }

  /** Takes no more; what is in flight ends and is kept. @param drainMs How long that may take. */
  async drain(drainMs: number): Promise<void> {
    this.#isDraining = true;
    for (const runner of this.#live.values()) runner.stop();
    const paused = this.#queue?.pause().catch(() => undefined);
    const work = Promise.allSettled([...this.#underWay.values()].map(({ done }) => done));
    await atMost(drainMs + closeMs, work);
    clearInterval(this.#beat);
    await atMost(beatMs, Promise.all([paused, this.#directory.leave()])).catch(() => undefined);
    this.#closing.abort();
    // Forced, because otherwise it waits for a Redis that is away.
    void this.#queue?.close(true).catch(() => undefined);
    this.#redis.disconnect();
  }

  async #begin(): Promise<void> {
    const { packages, address, seal, lockMs = defaultLockMs, say } = this.#options;
    const runs = readRuns(await this.#directory.announce(this.#presence));
    const mismatches = runs.flatMap((run) => mismatchWith("the run of", run, seal) ?? []);
    if (runs.length > 0 && mismatches.length === runs.length) {
      await this.#directory.leave();
      throw new ConfigurationError(mismatches.join("\n"));
    }
    this.#observe(runs);
    this.#queue = new packages.bullmq.Worker(this.#keys.queue, (job) => this.#process(job), {
      connection: connectionOptions(address, this.#closing.signal),
      prefix: address.prefix,
      concurrency: 2,
      lockDuration: lockMs,
      lockRenewTime: Math.round(lockMs / 3),
      stalledInterval: Math.round(lockMs / 3),
      maxStalledCount,
      // A Redis that comes back is asked at once again.
      runRetryDelay: 1_000,
    });
    // What goes wrong with Redis is said once by the connection of its own.
    this.#queue.on("error", () => undefined);
    this.#queue.on("lockRenewalFailed", (ids) => {
      for (const id of ids) this.#work.get(id)?.lose();
    });
    this.#redis.on("ready", () => {
      for (const runner of this.#live.values()) runner.wake();
    });
    this.#beat = setInterval(() => void this.#tick().catch((error: unknown) => say(messageOf(error))), beatMs);
  }

  get #presence(): WorkerPresence {
    const { seal, version, name, concurrency } = this.#options;
    const inFlight = [...this.#live.values()].reduce((sum, runner) => sum + runner.inFlight, 0);
    return { protocol: fleetProtocol, check: seal.check ?? null, version, name, concurrency, inFlight };
  }

  async #tick(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      this.#observe(readRuns(await this.#persistence.persist(() => this.#directory.announce(this.#presence))));
    } finally {
      this.#isBeating = false;
    }
  }

  #observe(runs: readonly RunPresence[]): void {
    this.#stoppingRuns.clear();
    for (const presence of runs) {
      const { run, isStopping } = presence;
      if (isStopping) this.#stoppingRuns.add(run);
      if (isStopping) this.#live.get(run)?.stop();
      const mismatch = mismatchWith("the run of", presence, this.#options.seal);
      if (mismatch !== undefined && !this.#refused.has(run)) this.#options.say(mismatch);
      if (mismatch !== undefined) this.#refused.add(run);
    }
    const names = new Set(runs.map(({ run }) => run));
    for (const [run, runner] of this.#live) {
      const isOver = !names.has(run) && runner.isIdle && ![...this.#underWay.keys()].some((id) => id.startsWith(`c-${run}-`));
      if (isOver) runner.stop();
    }
  }

  async #process(bullJob: Job): Promise<void> {
    const { id = "" } = bullJob;
    const job = readJob(bullJob.data);
    if (this.#isDraining || this.#stoppingRuns.has(job.run)) return;
    // Redis may lose a job and get it again while it is under way here.
    const begun = this.#underWay.get(id)?.done;
    const done = begun ?? this.#do(id, job, bullJob.stalledCounter).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, { done, size: job.size });
    this.#takeEnough();
    await done;
  }

  async #do(jobId: string, job: ChunkJob, stalls: number): Promise<void> {
    const { seal, keepsKeyRefusals } = this.#options;
    const lines = unpackLines(job, seal);
    const runner = this.#runnerOf(job);
    const [answers, persistence] = [this.#answers, this.#persistence];
    const { id: holder = "" } = this.#queue ?? {};
    const work = new ChunkWork({ jobId, holder, job, runner, answers, persistence, seal, keepsKeyRefusals });
    this.#work.set(jobId, work);
    await work.do(lines, stalls).finally(() => this.#work.delete(jobId));
  }

  /**
   * As many chunks as keep it busy, and one more, by the lines of those that it has: large lines come few to a chunk. Said before anything is
   * waited for: BullMQ looks at it when a chunk comes or ends.
   */
  #takeEnough(): void {
    const sizes = [...this.#underWay.values()].map(({ size }) => size);
    const lines = sizes.reduce((sum, size) => sum + size, 0);
    const chunks = Math.ceil((this.#options.concurrency * sizes.length) / lines);
    if (this.#queue !== undefined) this.#queue.concurrency = Math.max(2, chunks + 1);
  }

  #runnerOf(job: ChunkJob): LineRunner {
    return this.#live.get(job.run) ?? this.#createRunner(job);
  }

  #createRunner({ run, settings }: ChunkJob): LineRunner {
    const { createManager, concurrency, address } = this.#options;
    const sharedLimits = createRedisLimits(this.#redis, { prefix: `${address.prefix}:` });
    const create = (observe: Observer): RequestManager => createManager({ limits: settings.limits, sharedLimits }, observe);
    const runner = new LineRunner(create, concurrency, () => this.#redis.status === "ready");
    this.#live.set(run, runner);
    // Its manager is not closed, because that would close the provider, which all runs share.
    void this.#watch(run, runner).finally(() => sharedLimits.close());
    return runner;
  }

  async #watch(run: string, runner: LineRunner): Promise<void> {
    try {
      const stop = await runner.ended;
      if (stop !== undefined) this.#onStopped(stop);
    } catch (error) {
      this.#onFailed(error);
    } finally {
      this.#live.delete(run);
    }
  }
}
