import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import { describeRateLimit } from "../model/rate-limit.ts";
import { Alarm } from "./alarm.ts";
import type { Concurrency } from "./concurrency.ts";
import { Grants } from "./grants.ts";
import type { Hold } from "./hold.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { LimitSet } from "./limit-set.ts";
import type { Limiter, LimiterStatus, RateLimitStatus } from "./limiter.ts";
import { cancelledWhileWaiting, type WaitingRequest } from "./waiting-queue.ts";
import { unusedWeights, type Weights } from "./weights.ts";

export interface AllOfOptions {
  readonly concurrency: Concurrency;
  /** Makes the limits of all models together, full. */
  readonly createLimits: () => LimitSet;
  readonly lanes: Lanes;
  readonly onTooLarge: (message: string) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** How many starts are asked for at a time: far more than happen while the next ones are asked for. */
const grantsAhead = 1_000;

interface Candidate {
  readonly lane: Lane;
  readonly request: WaitingRequest;
  readonly weights: Weights;
}

/** Starts a request when all limits allow it: those of its model's lane, and those of all lanes together. Who waits holds nothing. */
export class AllOf implements Limiter {
  readonly #options: AllOfOptions;
  readonly #grants = new Grants();
  readonly #alarm: Alarm = new Alarm(() => this.#pump());
  /** What those who wait are held back by, or were last. */
  #hold: Hold | undefined;
  #tickets = 0;
  #waiting = 0;
  #limits: LimitSet;
  #hasWarned = false;

  constructor(options: AllOfOptions) {
    this.#options = options;
    this.#limits = options.createLimits();
  }

  run(cost: Cost, task: () => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      const lane = this.#options.lanes.of(cost.model, this.#onAbort);
      this.#tickets += 1;
      const request = { ticket: this.#tickets, cost, task, signal, resolve, reject };
      const weights = lane.weigh(cost);
      if (this.#isOpen(lane, weights)) {
        void this.#start({ lane, request, weights });
        return;
      }
      this.#warnIfTooLarge(lane, weights);
      lane.queue.push(request);
      this.#waiting += 1;
      this.#pump();
    });
  }

  status(): LimiterStatus {
    const { concurrency, lanes } = this.#options;
    const status = { inFlight: concurrency.inFlight, waiting: this.#waiting, pauseMs: lanes.pauseMs };
    if (this.#waiting === 0 || this.#hold === undefined) return { ...status, binding: "nothing" };
    const { binding, amount, source } = this.#hold;
    return { ...status, binding, amount, source };
  }

  rateLimits(): RateLimitStatus[] {
    const shared = this.#limits.status();
    return this.#options.lanes.all.map((lane) => {
      const status = lane.status();
      return { ...status, limits: [...shared, ...status.limits] };
    });
  }

  resetRateLimits(): void {
    this.#limits = this.#options.createLimits();
    for (const lane of this.#options.lanes.all) lane.reset();
    this.#pump();
  }

  /** Whether a request that comes now need not queue. */
  #isOpen(lane: Lane, weights: Weights): boolean {
    if (this.#isPaced(lane) || this.#waiting > 0 || this.#options.concurrency.free === 0) return false;
    return lane.hold(weights) === undefined;
  }

  /** Called whenever something has changed: a request came or left, a slot or a grant is there, a time has come. */
  #pump(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.lane.queue.shift();
      this.#waiting -= 1;
      if (this.#isPaced(next.lane)) this.#grants.take();
      void this.#start(next);
    }
  }

  /** @returns who may start now. If nobody may, it is seen to that `#pump` is called when that may have changed. */
  #next(): Candidate | undefined {
    if (this.#waiting === 0) {
      this.#alarm.clear();
      return undefined;
    }
    const { concurrency } = this.#options;
    if (concurrency.free === 0) return this.#wait({ binding: "concurrency", amount: concurrency.slots });
    const candidate = this.#firstFree();
    if (candidate === undefined) return undefined;
    const hold = this.#limits.hold(candidate.weights);
    if (hold !== undefined) return this.#wait(hold);
    return this.#isPaced(candidate.lane) && !this.#isGranted() ? undefined : candidate;
  }

  /** Of those at the heads of lanes that are not held back, the one that came first. */
  #firstFree(): Candidate | undefined {
    let first: Candidate | undefined;
    let hold: Hold | undefined;
    for (const lane of this.#options.lanes.withWaiting()) {
      const request = lane.queue.at(0);
      if (request === undefined || (first !== undefined && first.request.ticket < request.ticket)) continue;
      const weights = lane.weigh(request.cost);
      const laneHold = lane.hold(weights);
      if (laneHold === undefined) first = { lane, request, weights };
      else if ((laneHold.waitMs ?? Infinity) <= (hold?.waitMs ?? Infinity)) hold = laneHold;
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

  async #start({ lane, request, weights }: Candidate): Promise<void> {
    this.#limits.take(weights);
    const start = lane.start(weights);
    try {
      const attempt = await this.#options.concurrency.run(request.task);
      const unused = unusedWeights(weights, request.cost, attempt);
      this.#limits.giveBack(unused, start.atMs);
      request.resolve(lane.end(attempt, start, unused));
    } catch (error) {
      lane.abandon();
      request.reject(error);
    }
    this.#pump();
  }

  #isPaced(lane: Lane): boolean {
    return this.#limits.areSet || lane.limits.areSet;
  }

  /** Grants are asked for before they are used up, so that nobody waits for one alone. */
  #isGranted(): boolean {
    if (this.#grants.left < grantsAhead / 2 && !this.#grants.isAsking) void this.#askForGrants();
    return this.#grants.left > 0;
  }

  async #askForGrants(): Promise<void> {
    await this.#grants.ask(grantsAhead);
    this.#pump();
  }

  readonly #onAbort = (): void => {
    this.#waiting = this.#options.lanes.countWaiting();
    this.#pump();
  };

  #warnIfTooLarge(lane: Lane, weights: Weights): void {
    if (this.#hasWarned) return;
    const exceeded = this.#limits.exceededBy(weights) ?? lane.limits.exceededBy(weights);
    if (exceeded === undefined) return;
    this.#hasWarned = true;
    const size = `${weights[exceeded.measure]} ${exceeded.measure.replace("-", " ")}`;
    const sizes = `A request that may take ${size} is larger than the limit of ${describeRateLimit(exceeded)}`;
    this.#options.onTooLarge(
      `${sizes}. It is sent alone, and those behind it wait until its tokens have flowed in. Such requests are slow; ask for fewer output tokens, or raise the limit if the provider allows more.`,
    );
  }
}
