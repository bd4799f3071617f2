import type { Attempt } from "../model/attempt.ts";
import type { Demand } from "../model/demand.ts";
import { describeRateLimit, type RateLimit } from "../model/rate-limit.ts";
import { Alarm } from "./alarm.ts";
import type { Hold } from "./hold.ts";
import type { Choice, Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { LimitSet } from "./limit-set.ts";
import type { Limiter, LimiterStatus, RateLimitStatus } from "./limiter.ts";
import { cancelledWhileWaiting, type WaitingRequest } from "./waiting-queue.ts";
import { reservedWeights, unusedWeights, type Weights } from "./weights.ts";

export interface AllOfOptions {
  /** Attempts in flight at most. */
  readonly concurrency: number;
  /** Makes the limits of all models together, full. */
  readonly createLimits: () => LimitSet;
  readonly createLanes: (onAbort: () => void) => Lanes;
  readonly onTooLarge: (message: string) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** A request that may start now, and where. */
interface Next {
  readonly lane: Lane;
  readonly request: WaitingRequest;
  readonly choice: Choice;
}

/** Starts a request when all limits allow it: those of its model's lane, and those of all lanes together. Who waits holds nothing. */
export class AllOf implements Limiter {
  readonly #options: AllOfOptions;
  readonly #lanes: Lanes;
  readonly #alarm: Alarm = new Alarm(() => this.#pump());
  /** What those who wait are held back by, or were last. */
  #hold: Hold | undefined;
  #tickets = 0;
  #inFlight = 0;
  #waiting = 0;
  #limits: LimitSet;
  #hasWarned = false;
  #isPumpDue = false;

  constructor(options: AllOfOptions) {
    this.#options = options;
    this.#limits = options.createLimits();
    this.#lanes = options.createLanes(this.#onAbort);
  }

  run(demand: Demand, task: (target: number) => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.of(demand.lane);
      this.#tickets += 1;
      const request = { ticket: this.#tickets, demand, task, signal, resolve, reject };
      const choice = this.#chooseAtOnce(lane, demand);
      if (choice !== undefined) {
        void this.#start({ lane, request, choice });
        return;
      }
      this.#warnIfTooLarge(lane, demand);
      lane.queue.push(request);
      this.#waiting += 1;
      this.#pump();
    });
  }

  get waiting(): number {
    return this.#waiting;
  }

  status(): LimiterStatus {
    const status = { inFlight: this.#inFlight, waiting: this.#waiting, pauseMs: this.#lanes.pauseMs };
    if (this.#waiting === 0 || this.#hold === undefined) return { ...status, binding: "nothing" };
    const { binding, amount, source } = this.#hold;
    return { ...status, binding, amount, source };
  }

  rateLimits(): RateLimitStatus[] {
    const shared = this.#limits.status();
    return this.#lanes.all.flatMap((lane) => lane.status(shared));
  }

  resetRateLimits(): void {
    this.#limits = this.#options.createLimits();
    this.#lanes.reset();
    this.#pump();
  }

  /** For a request that need not queue. */
  #chooseAtOnce(lane: Lane, demand: Demand): Choice | undefined {
    if (this.#limits.areSet || this.#waiting > 0 || this.#inFlight >= this.#options.concurrency) return undefined;
    const choice = lane.choose(demand);
    return "binding" in choice || lane.isPaced(choice.candidate.target) ? undefined : choice;
  }

  /** Called whenever something has changed: a request came or left, a slot is free, a time has come. */
  #pump(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.lane.queue.shift();
      this.#waiting -= 1;
      void this.#start(next);
    }
  }

  /** @returns who may start now. If nobody may, it is seen to that `#pump` is called when that may have changed. */
  #next(): Next | undefined {
    if (this.#waiting === 0) {
      this.#alarm.clear();
      return undefined;
    }
    const { concurrency } = this.#options;
    if (this.#inFlight >= concurrency) return this.#wait({ binding: "concurrency", amount: concurrency });
    const next = this.#firstFree();
    if (next === undefined) return undefined;
    const hold = this.#limits.hold(next.choice.weights);
    return hold === undefined ? next : this.#wait(hold);
  }

  /** Of those at the heads of lanes that are not held back, the one that came first. */
  #firstFree(): Next | undefined {
    let first: Next | undefined;
    let hold: Hold | undefined;
    for (const lane of this.#lanes.withWaiting()) {
      const request = lane.queue.at(0);
      if (request === undefined || (first !== undefined && first.request.ticket < request.ticket)) continue;
      const choice = lane.choose(request.demand);
      if (!("binding" in choice)) first = { lane, request, choice };
      else if ((choice.waitMs ?? Infinity) <= (hold?.waitMs ?? Infinity)) hold = choice;
    }
    if (hold !== undefined && first === undefined) return this.#wait(hold);
    if (hold?.waitMs !== undefined) this.#alarm.set(hold.waitMs, this.#options.clock());
    return first;
  }

  #wait(hold: Hold): undefined {
    this.#hold = hold;
    if (hold.waitMs !== undefined) this.#alarm.set(hold.waitMs, this.#options.clock());
    return undefined;
  }

  async #start({ lane, request, choice }: Next): Promise<void> {
    const { candidate, weights } = choice;
    this.#limits.take(weights);
    const start = lane.start(choice);
    this.#inFlight += 1;
    try {
      // Not at once: a task may call `run` itself, and a thousand would call each other.
      const attempt = await Promise.resolve(candidate.target).then(request.task);
      const unused = unusedWeights(weights, candidate.cost, attempt);
      this.#limits.giveBack(unused, start.atMs);
      request.resolve(lane.end(attempt, candidate, start, unused));
    } catch (error) {
      lane.abandon(candidate);
      request.reject(error);
    } finally {
      this.#inFlight -= 1;
    }
    this.#pumpSoon();
  }

  /** Answers come in bursts, one a turn of the event loop: to start a burst at once costs a tenth less than one request for each answer. */
  #pumpSoon(): void {
    if (this.#waiting === 0) return this.#pump();
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  readonly #onAbort = (): void => {
    this.#waiting = this.#lanes.countWaiting();
    this.#pump();
  };

  #warnIfTooLarge(lane: Lane, { candidates }: Demand): void {
    const [candidate] = candidates;
    if (this.#hasWarned || candidate === undefined) return;
    const { maxOutputTokens: most = 0 } = candidate.cost;
    const weights = reservedWeights(candidate.cost, { reserved: most, expected: most });
    const shared = this.#limits.exceededBy(weights);
    const exceeded = shared === undefined ? lane.exceededBy(candidate) : { limit: shared, weights };
    if (exceeded === undefined) return;
    this.#hasWarned = true;
    this.#options.onTooLarge(tooLarge(exceeded.weights, exceeded.limit));
  }
}

function tooLarge(weights: Weights, limit: RateLimit): string {
  const size = `${weights[limit.measure]} ${limit.measure.replace("-", " ")}`;
  const sizes = `A request that may take ${size} is larger than the limit of ${describeRateLimit(limit)}`;
  return `${sizes}. It is sent alone, and those behind it wait until its tokens have flowed in. Such requests are slow; ask for fewer output tokens, or raise the limit if the provider allows more.`;
}
