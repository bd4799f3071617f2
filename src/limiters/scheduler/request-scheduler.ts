import type { Attempt } from "../../model/attempt.ts";
import { type Demand, liveAsker, type Target } from "../../model/demand.ts";
import type { Failure } from "../../model/failure.ts";
import type { BlockedBy } from "../gate.ts";
import type { Limiter, LimiterStatus, RateLimitStatus } from "../limiter.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import { unusedWeights } from "../limits/weights.ts";
import { Alarm } from "../limits/alarm.ts";
import { ConcurrencyCap } from "../limits/concurrency-cap.ts";
import { BatchFloor } from "./batch-floor.ts";
import type { Choice, ModelQueue } from "./model-queue.ts";
import type { ModelQueues } from "./model-queues.ts";
import { Closures } from "./closures.ts";
import { askerOf } from "./fair-queue.ts";
import { LivePresence } from "./live-presence.ts";
import { TooLargeWarning } from "./too-large.ts";
import { cancelledWhileWaiting, type WaitingRequest } from "./waiting-queue.ts";

interface RequestSchedulerOptions {
  /** Attempts in flight at most. */
  readonly concurrency: number;
  /** How long a request may be throttled. */
  readonly maxWaitMs: number;
  /** Makes the limits of all models together, full. */
  readonly createLimits: () => LimitSet;
  readonly createQueues: (onChange: () => void) => ModelQueues;
  readonly onTooLarge: (message: string) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** A request that may start now, and where. */
interface Next {
  readonly queue: ModelQueue;
  readonly request: WaitingRequest;
  readonly choice: Choice;
}

/** One that waits, and where: `at` of its queue's heads. */
interface Head extends Next {
  readonly at: number;
}

/** For what blocks live requests, too. */
const anyone = { asker: liveAsker, leavesSlots: false };

/** Starts a request when all limits allow it: those of its target and model, and those of all models together. */
export class RequestScheduler implements Limiter {
  waiting = 0;
  readonly #options: RequestSchedulerOptions;
  readonly #queues: ModelQueues;
  readonly #alarm: Alarm = new Alarm(() => this.#startAll());
  /** What blocks those that wait, or did so last. */
  #blockedBy: BlockedBy | undefined;
  #tickets = 0;
  readonly #slots: ConcurrencyCap;
  readonly #presence: LivePresence;
  readonly #floor = new BatchFloor();
  readonly #closures: Closures;
  readonly #tooLarge: TooLargeWarning;
  #limits: LimitSet;
  #isStartDue = false;
  /** Whether a batch waits, among those that `#firstUnblocked` saw. */
  #doesBatchWait = false;

  constructor(options: RequestSchedulerOptions) {
    this.#options = options;
    this.#slots = new ConcurrencyCap(options.concurrency);
    this.#presence = new LivePresence(options.clock);
    this.#closures = new Closures(options.maxWaitMs, options.clock);
    this.#tooLarge = new TooLargeWarning(options.onTooLarge);
    this.#limits = options.createLimits();
    this.#queues = options.createQueues(this.#onChange);
  }

  run(demand: Demand, task: (target: Target) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      const queue = this.#queues.of(demand.model);
      const { goesFirst = false } = demand;
      // After a time in which nothing was asked for, it is counted anew.
      if (!goesFirst && this.waiting === 0 && this.#slots.inFlight === 0) this.#closures.forget();
      this.#presence.note(demand);
      this.#tickets += 1;
      const ticket = goesFirst ? 0 : this.#tickets;
      const request = { ticket, demand, task, signal, resolve, reject };
      const choice = this.#chooseAtOnce(queue, demand);
      if (choice !== undefined) {
        void this.#start({ queue, request, choice });
        return;
      }
      this.#tooLarge.check(this.#limits, queue, demand);
      queue.waiting.push(request);
      this.waiting += 1;
      this.#startAll();
    });
  }

  status(): LimiterStatus {
    const { pauseMs, waitingLive } = this.#queues;
    const { inFlight } = this.#slots;
    const { waiting } = this;
    if (waiting === 0 || this.#blockedBy === undefined) return { inFlight, waiting, waitingLive, pauseMs, blockedBy: "nothing" };
    const { reason, amount, source } = this.#blockedBy;
    return { inFlight, waiting, waitingLive, pauseMs, blockedBy: reason, amount, source };
  }

  rateLimits(model?: string): RateLimitStatus[] {
    const common = this.#limits.status(true);
    if (model !== undefined) return this.#queues.known(model)?.status(common) ?? [];
    return this.#queues.all.flatMap((queue) => queue.status(common));
  }

  resetRateLimits(): void {
    this.#limits = this.#options.createLimits();
    this.#queues.reset();
    this.#startAll();
  }

  /** For a request that need not queue. */
  #chooseAtOnce(queue: ModelQueue, demand: Demand): Choice | undefined {
    if (this.#limits.areSet || this.waiting > 0) return undefined;
    const starter = this.#presence.starterOf(demand);
    if (this.#slots.blockedBy(starter) !== undefined) return undefined;
    const choice = queue.choose(demand, starter);
    return "reason" in choice || queue.isPaced(choice.candidate.target) ? undefined : choice;
  }

  /** Called whenever something has changed: a request came or left, a slot is free, a time has come. */
  #startAll(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#floor.started(askerOf(next.request).band, this.#doesBatchWait);
      next.queue.waiting.shift(next.at);
      this.waiting -= 1;
      void this.#start(next);
    }
  }

  /** @returns which request may start now. If none may, `#startAll` is called when that may have changed. */
  #next(): Head | undefined {
    if (this.waiting === 0) {
      this.#alarm.clear();
      return undefined;
    }
    const full = this.#slots.blockedBy(anyone);
    if (full !== undefined) return this.#wait(full);
    const { leftMs } = this.#presence;
    if (leftMs > 0) this.#alarm.set(leftMs, this.#options.clock());
    const next = this.#firstUnblocked();
    if (next === undefined) return undefined;
    const blockedBy = this.#limits.blockedBy(next.choice.start);
    return blockedBy === undefined ? next : this.#wait(blockedBy);
  }

  /** Of those at the heads of queues that nothing blocks, a live one, and of these the one that came first; a batch's where that is due. */
  #firstUnblocked(): Head | undefined {
    let first: Head | undefined;
    let blockedBy: BlockedBy | undefined;
    this.#doesBatchWait = false;
    for (const queue of this.#queues) {
      if (queue.waiting.doesBatchWait) this.#doesBatchWait = true;
      for (let at = 0; at < queue.waiting.heads; at += 1) {
        const request = queue.waiting.at(at);
        if (request === undefined || (first !== undefined && !this.#goesBefore(request, first.request))) continue;
        const starter = this.#presence.starterOf(request.demand);
        const choice = this.#slots.blockedBy(starter) ?? queue.choose(request.demand, starter);
        if (!("reason" in choice)) {
          first = { queue, request, choice, at };
          break;
        }
        const failure = this.#closures.failureOf(choice);
        if (failure !== undefined) this.#failAll(queue, failure);
        else if ((choice.waitMs ?? Infinity) <= (blockedBy?.waitMs ?? Infinity)) blockedBy = choice;
        // What waits for tokens is not overtaken: it would wait for ever.
        if (choice.reason !== "concurrency") break;
      }
    }
    if (blockedBy !== undefined && first === undefined) return this.#wait(blockedBy);
    if (blockedBy?.waitMs !== undefined) this.#alarm.set(blockedBy.waitMs, this.#options.clock());
    return first;
  }

  /** Of two heads of different queues. */
  #goesBefore(one: WaitingRequest, other: WaitingRequest): boolean {
    const { band } = askerOf(one);
    if (band === askerOf(other).band) return one.ticket <= other.ticket;
    return band === (this.#floor.isDue ? "batch" : "live");
  }

  #wait(blockedBy: BlockedBy): undefined {
    this.#blockedBy = blockedBy;
    if (blockedBy.waitMs !== undefined) this.#alarm.set(blockedBy.waitMs, this.#options.clock());
    return undefined;
  }

  async #start({ queue, request, choice }: Next): Promise<void> {
    const { candidate } = choice;
    this.#limits.started(choice.start);
    const start = queue.started(choice);
    this.#slots.started(start);
    try {
      // Not at once: a task may call `run` itself, and a thousand would call each other.
      await undefined;
      const attempt = await request.task(candidate.target);
      const unused = unusedWeights(start.weights, candidate.cost, attempt);
      this.#limits.ended({ unused, start });
      request.resolve(this.#noted(queue.ended(attempt, candidate, start, unused), queue, request.demand));
    } catch (error) {
      queue.abandon(candidate, start);
      request.reject(error);
    } finally {
      this.#slots.ended({ start });
      this.#presence.note(request.demand);
    }
    this.#startSoon();
  }

  /** @returns the attempt; one that was throttled says so if none of its targets opens in time. */
  #noted(attempt: Attempt, queue: ModelQueue, demand: Demand): Attempt {
    if (!this.#closures.note(attempt) || attempt.ok) return attempt;
    const choice = queue.choose(demand, this.#presence.starterOf(demand));
    const failure = "reason" in choice ? this.#closures.failureOf(choice) : undefined;
    return failure === undefined ? attempt : { ...attempt, failure };
  }

  #failAll({ waiting }: ModelQueue, failure: Failure): void {
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
      this.waiting -= 1;
      request.resolve({ ok: false, failure });
    }
  }

  /** Answers come in bursts, one a turn of the event loop: to start a burst at once costs a tenth less than one request for each answer. */
  #startSoon(): void {
    if (this.waiting === 0) return this.#startAll();
    if (this.#isStartDue) return;
    this.#isStartDue = true;
    setImmediate(() => {
      this.#isStartDue = false;
      this.#startAll();
    });
  }

  /** Requests have left because of an abort, or shared limits have changed. */
  readonly #onChange = (): void => {
    this.waiting = this.#queues.countWaiting();
    this.#startAll();
  };
}
