import { setTimeout as sleep } from "node:timers/promises";
import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { Limiter } from "../../limiters/limiters.ts";
import { ConfigurationError, messageOf } from "../../model/errors.ts";
import type { Observer } from "../../model/event.ts";
import type { BatchInput } from "../../model/request.ts";
import type { LineResult } from "../../model/result.ts";
import type { Provider } from "../../providers/providers.ts";
import type { FleetAddress } from "../redis/address.ts";
import { atMost } from "../redis/at-most.ts";
import { AnswerStore } from "../redis/answers.ts";
import { connect, connectionOptions } from "../redis/connect.ts";
import { beatMs, Directory } from "../redis/directory.ts";
import { FleetKeys } from "../redis/keys.ts";
import { Lease } from "../redis/lease.ts";
import type { FleetPackages } from "../redis/packages.ts";
import { Persistence } from "../redis/persist.ts";
import { readWorkers, type RunPresence } from "../wire/presence.ts";
import { fleetProtocol, type RunSettings } from "../wire/protocol.ts";
import type { Seal } from "../wire/seal.ts";
import { ChunkBoard } from "./chunk-board.ts";
import { ChunkWindow } from "./chunk-window.ts";
import { FleetLimiter } from "./fleet-limiter.ts";
import { FleetProvider } from "./fleet-provider.ts";
import { FleetWatch } from "./fleet-watch.ts";

export interface CoordinatorOptions {
  readonly packages: FleetPackages;
  readonly address: FleetAddress;
  readonly seal: Seal;
  /** The same for the same input and output. */
  readonly run: string;
  /** For people: where it runs. */
  readonly name: string;
  readonly version: string;
  readonly settings: RunSettings;
  /** Lines of the input; undefined for one that can be read only once. */
  readonly total: number | undefined;
  /** The providers of the run, without keys. */
  readonly described: Provider;
  readonly say: (message: string) => void;
  /** The run cannot go on: another coordinator has it, or a bug. */
  readonly onLost: (why: string) => void;
}

/** Redis may be away when the run is over. */
const maxClearMs = 10_000;
/** Events are hints: what stands in the queue is looked at each second. */
const maxEvents = 1_000;

/** The side of a fleet that has the file: hands out its lines, and takes their answers. */
export class Coordinator {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly #options: CoordinatorOptions;
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #lease: Lease;
  readonly #directory: Directory;
  readonly #board: ChunkBoard;
  readonly #window: ChunkWindow;
  readonly #watch: FleetWatch;
  readonly #closing = new AbortController();
  #written: string[] = [];
  #acknowledging: Promise<void> | undefined;
  /** Makes what was written so far safe from a power failure. */
  #sync: () => Promise<void> = async () => undefined;
  #beat: NodeJS.Timeout | undefined;
  #isBeating = false;
  #isStopping = false;

  /** @throws ConfigurationError where Redis does not let it in, or another coordinator has the run. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const redis = await connect(options.packages, options.address, options.say);
    const coordinator = new Coordinator(options, redis);
    try {
      await coordinator.#begin();
    } catch (error) {
      await coordinator.#close();
      throw error;
    }
    return coordinator;
  }

  private constructor(options: CoordinatorOptions, redis: Redis) {
    const { packages, address, seal, run, settings, total, say } = options;
    const keys = new FleetKeys(address.prefix, seal);
    const connection = connectionOptions(address, this.#closing.signal);
    this.#options = options;
    this.#redis = redis;
    this.#queue = new packages.bullmq.Queue(keys.queue, {
      connection,
      prefix: address.prefix,
      streams: { events: { maxLen: maxEvents } },
    });
    this.#events = new packages.bullmq.QueueEvents(keys.queue, { connection, prefix: address.prefix });
    // What goes wrong with Redis is said once by the connection of its own.
    this.#queue.on("error", () => undefined);
    this.#events.on("error", () => undefined);
    this.#lease = new Lease(redis, keys.lease(run), `${options.name} ${process.hrtime.bigint()}`);
    this.#directory = new Directory(redis, keys, "runs", run);
    this.#watch = new FleetWatch(address.shown, seal, say);
    const persistence = new Persistence(say, this.#closing.signal);
    const [queue, events] = [this.#queue, this.#events];
    const answers = new AnswerStore(redis, keys);
    this.#board = new ChunkBoard({ run, settings, seal, keys, redis, queue, events, answers, persistence });
    this.#window = new ChunkWindow({
      board: this.#board,
      total,
      concurrency: () => this.#watch.concurrency,
      onWritten: (chunk) => this.#acknowledge(chunk),
      onError: (error) => this.#lost(error),
    });
    this.provider = new FleetProvider(options.described, this.#window);
    this.limiter = new FleetLimiter(() => this.#watch.inFlight);
  }

  get workers(): number {
    return this.#watch.workers;
  }

  /** Sees which lines end without being sent. */
  readonly observe: Observer = (event) => {
    if (event.type === "request-end") this.#window.ended(event.result.lineNumber);
  };

  /** The requests of the run, as many of them as the fleet needs. */
  feed(requests: AsyncIterable<Iterable<BatchInput>>): AsyncGenerator<readonly BatchInput[]> {
    return this.#window.cut(requests);
  }

  /** Chunks are acknowledged once `sync` has resolved after their results were `written`. */
  onSync(sync: () => Promise<void>): void {
    this.#sync = sync;
  }

  written(results: readonly LineResult[]): void {
    this.#window.written(results);
  }

  /** Nothing more is sent; what is in flight ends and comes. */
  async halt(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.#directory.announce(this.#presence), this.#board.halt()]).catch((error: unknown) =>
      this.#lost(error),
    );
  }

  /** The output is whole: nothing of the run is left in Redis. */
  async finish(): Promise<void> {
    const isClear = await atMost(maxClearMs, this.#clear());
    if (isClear === undefined)
      this.#options.say(`${this.#options.address.shown} still holds some of the run, for a week at most`);
    await this.#close();
  }

  /** The run ended early: nothing more is asked, and what is answered stays for the next try. */
  async abandon(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const leaving = this.halt().then(() => Promise.all([this.#lease.release(), this.#directory.leave()]));
    await atMost(beatMs, leaving);
    await this.#close();
  }

  get #presence(): RunPresence {
    const { seal, version, name, run } = this.#options;
    return { protocol: fleetProtocol, check: seal.check ?? null, version, name, run, isStopping: this.#isStopping };
  }

  async #begin(): Promise<void> {
    const { say, run } = this.#options;
    const isOurs = await this.#lease.acquire(() => say("this run has a coordinator; waiting up to 20 s in case it has died"));
    if (!isOurs)
      throw new ConfigurationError(
        `another llmbatch run with the same input and the same output is under way (run ${run}); let it go on, or end it first`,
      );
    await this.#board.begin();
    await this.#tick();
    this.#beat = setInterval(() => void this.#tick().catch((error: unknown) => this.#lost(error)), beatMs);
  }

  async #tick(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      if (!(await this.#lease.renew()))
        this.#options.onLost("another coordinator has taken the run over while this one did not answer; it goes on there");
      this.#watch.observe(readWorkers(await this.#directory.announce(this.#presence)));
      await this.#board.reconcile();
    } catch (error) {
      // Full or loading: those who have something to lose say so.
      if (!(error instanceof Error && error.name === "ReplyError")) throw error;
    } finally {
      this.#isBeating = false;
    }
  }

  #acknowledge(chunk: string): void {
    this.#written.push(chunk);
    this.#acknowledging ??= this.#acknowledgeAll().catch((error: unknown) => this.#lost(error));
  }

  async #acknowledgeAll(): Promise<void> {
    try {
      while (this.#written.length > 0) {
        const chunks = this.#written;
        this.#written = [];
        await this.#sync();
        await this.#board.acknowledge(chunks);
      }
    } finally {
      this.#acknowledging = undefined;
    }
  }

  async #clear(): Promise<true> {
    await this.#acknowledging;
    while ((await this.#board.clear()) > 0) await sleep(beatMs / 10);
    await Promise.all([this.#directory.leave(), this.#lease.release()]);
    return true;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#beat);
    const bullmq = [this.#queue, this.#events];
    const closing = Promise.all(bullmq.map((part) => part.close())).catch(() => undefined);
    await atMost(beatMs, closing);
    for (const part of bullmq) void part.disconnect().catch(() => undefined);
    this.#redis.disconnect();
  }

  #lost(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#options.onLost(messageOf(error));
  }
}
