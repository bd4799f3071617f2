import type { Attempt } from "../../model/attempt.ts";
import type { Demand, Target } from "../../model/demand.ts";
import { type Failure, isThrottled } from "../../model/failure.ts";
import type { BlockedBy } from "../gate.ts";
import type { Limiter, LimiterStatus, RateLimitStatus } from "../limiter.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import { reservedWeights, unusedWeights } from "../limits/weights.ts";
import { Alarm } from "../limits/alarm.ts";
import type { Choice, ModelQueue } from "./model-queue.ts";
import type { ModelQueues } from "./model-queues.ts";
import { closedFailure } from "./closed-failure.ts";
import { describeTooLarge } from "./too-large.ts";
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

/** Starts a request when all limits allow it: those of its target and model, and those of all models together. */
export class RequestScheduler implements Limiter {
  waiting = 0;
  readonly #options: RequestSchedulerOptions;
  readonly #queues: ModelQueues;
  readonly #alarm: Alarm = new Alarm(() => this.#startAll());
  /** What blocks those that wait, or did so last. */
  #blockedBy: BlockedBy | undefined;
  #tickets = 0;
  /** The first rejection since a request got through; undefined if one did. */
  #throttledSinceMs: number | undefined;
  #inFlight = 0;
  #limits: LimitSet;
  #hasWarned = false;
  #isStartDue = false;

  constructor(options: RequestSchedulerOptions) {
    this.#options = options;
    this.#limits = options.createLimits();
    this.#queues = options.createQueues(this.#onChange);
  }

  run(demand: Demand, task: (target: Target) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      const queue = this.#queues.of(demand.model);
      const { goesFirst = false } = demand;
      // After a time in which nothing was asked for, it is counted anew.
      if (!goesFirst && this.waiting === 0 && this.#inFlight === 0) this.#throttledSinceMs = undefined;
      this.#tickets += 1;
      const ticket = goesFirst ? 0 : this.#tickets;
      const request = { ticket, demand, task, signal, resolve, reject };
      const choice = this.#chooseAtOnce(queue, demand);
      if (choice !== undefined) {
        void this.#start({ queue, request, choice });
        return;
      }
      this.#warnIfTooLarge(queue, demand);
      queue.waiting.push(request);
      this.waiting += 1;
      this.#startAll();
    });
  }

  status(): LimiterStatus {
    const status = { inFlight: this.#inFlight, waiting: this.waiting, pauseMs: this.#queues.pauseMs };
    if (this.waiting === 0 || this.#blockedBy === undefined) return { ...status, blockedBy: "nothing" };
    const { reason, amount, source } = this.#blockedBy;
    return { ...status, blockedBy: reason, amount, source };
  }

  rateLimits(model?: string): RateLimitStatus[] {
    const shared = this.#limits.status(true);
    const queues = model === undefined ? this.#queues.all : this.#queues.known(model);
    return queues.flatMap((queue) => queue.status(shared));
  }

  resetRateLimits(): void {
    this.#limits = this.#options.createLimits();
    this.#queues.reset();
    this.#startAll();
  }

  /** For a request that need not queue. */
  #chooseAtOnce(queue: ModelQueue, demand: Demand): Choice | undefined {
    if (this.#limits.areSet || this.waiting > 0 || this.#inFlight >= this.#options.concurrency) return undefined;
    const choice = queue.choose(demand);
    return "reason" in choice || queue.isPaced(choice.candidate.target) ? undefined : choice;
  }

  /** Called whenever something has changed: a request came or left, a slot is free, a time has come. */
  #startAll(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.queue.waiting.shift();
      this.waiting -= 1;
      void this.#start(next);
    }
  }

  /** @returns which request may start now. If none may, `#startAll` is called when that may have changed. */
  #next(): Next | undefined {
    if (this.waiting === 0) {
      this.#alarm.clear();
      return undefined;
    }
    const { concurrency } = this.#options;
    if (this.#inFlight >= concurrency) return this.#wait({ reason: "concurrency", amount: concurrency });
    const next = this.#firstUnblocked();
    if (next === undefined) return undefined;
    const blockedBy = this.#limits.blockedBy(next.choice.start);
    return blockedBy === undefined ? next : this.#wait(blockedBy);
  }

  /** Of those at the heads of queues that their targets do not block, the one that came first. */
  #firstUnblocked(): Next | undefined {
    let first: Next | undefined;
    let blockedBy: BlockedBy | undefined;
    for (const queue of this.#queues) {
      const request = queue.waiting.at(0);
      if (request === undefined || (first !== undefined && first.request.ticket < request.ticket)) continue;
      const choice = queue.choose(request.demand);
      if (!("reason" in choice)) {
        first = { queue, request, choice };
        continue;
      }
      const failure = this.#closureOf(choice);
      if (failure !== undefined) this.#failAll(queue, failure);
      else if ((choice.waitMs ?? Infinity) <= (blockedBy?.waitMs ?? Infinity)) blockedBy = choice;
    }
    if (blockedBy !== undefined && first === undefined) return this.#wait(blockedBy);
    if (blockedBy?.waitMs !== undefined) this.#alarm.set(blockedBy.waitMs, this.#options.clock());
    return first;
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
    this.#inFlight += 1;
    try {
      // Not at once: a task may call `run` itself, and a thousand would call each other.
      const attempt = await Promise.resolve(candidate.target).then(request.task);
      const unused = unusedWeights(start.weights, candidate.cost, attempt);
      this.#limits.ended({ unused, start });
      request.resolve(this.#noted(queue.ended(attempt, candidate, start, unused), queue, request.demand));
    } catch (error) {
      queue.abandon(candidate);
      request.reject(error);
    } finally {
      this.#inFlight -= 1;
    }
    this.#startSoon();
  }

  /** @returns the attempt; one that was throttled says so if none of its targets opens in time. */
  #noted(attempt: Attempt, queue: ModelQueue, demand: Demand): Attempt {
    if (attempt.ok || !isThrottled(attempt.failure)) {
      this.#throttledSinceMs = undefined;
      return attempt;
    }
    this.#throttledSinceMs ??= this.#options.clock();
    const choice = queue.choose(demand);
    const failure = "reason" in choice ? this.#closureOf(choice) : undefined;
    return failure === undefined ? attempt : { ...attempt, failure };
  }

  /** @returns why a request fails that is blocked for longer than it may wait. */
  #closureOf({ rejection, waitMs = 0 }: BlockedBy): Failure | undefined {
    if (rejection === undefined) return undefined;
    const { clock, maxWaitMs } = this.#options;
    const nowMs = clock();
    const forMs = nowMs - (this.#throttledSinceMs ?? nowMs);
    return forMs + waitMs > maxWaitMs ? closedFailure(rejection, { forMs, opensInMs: waitMs }, maxWaitMs) : undefined;
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

  #warnIfTooLarge(queue: ModelQueue, { candidates }: Demand): void {
    const [candidate] = candidates;
    if (this.#hasWarned || candidate === undefined || !(this.#limits.areSet || queue.isPaced(candidate.target))) return;
    const { maxOutputTokens: max = 0 } = candidate.cost;
    const weights = reservedWeights(candidate.cost, { reserved: max, expected: max });
    const shared = this.#limits.exceededBy(weights);
    const exceeded = shared === undefined ? queue.exceededBy(candidate) : { limit: shared, weights };
    if (exceeded === undefined) return;
    this.#hasWarned = true;
    this.#options.onTooLarge(describeTooLarge(exceeded.weights, exceeded.limit));
  }
}
