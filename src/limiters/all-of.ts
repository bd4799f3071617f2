import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import { Alarm } from "./alarm.ts";
import type { Concurrency } from "./concurrency.ts";
import type { Binding, Limiter, LimiterStatus } from "./limiter.ts";
import type { Pause } from "./pause.ts";
import type { Group, Rates } from "./rates.ts";
import { cancelledWhileWaiting, WaitingQueue, type WaitingRequest } from "./waiting-queue.ts";

export interface AllOfOptions {
  readonly concurrency: Concurrency;
  readonly pause: Pause;
  readonly rates: Rates;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** How many requests a permit is for at most: what may start while the next one is asked for. */
const mostAhead = 1_000;

/** Starts a request when all limits allow it, in the order of one queue. Who waits holds nothing. */
export class AllOf implements Limiter {
  readonly #options: AllOfOptions;
  readonly #queue: WaitingQueue = new WaitingQueue(() => this.#pump());
  readonly #alarm: Alarm = new Alarm(() => this.#pump());
  /** What the head of the queue waits for, or waited for last. */
  #binding: Binding = "nothing";

  constructor(options: AllOfOptions) {
    this.#options = options;
  }

  run(cost: Cost, task: () => Promise<Attempt>, signal: AbortSignal): Promise<Attempt> {
    if (signal.aborted) return Promise.resolve(cancelledWhileWaiting());
    return new Promise((resolve, reject) => {
      this.#options.rates.warnIfTooLarge(cost);
      const request = { cost, task, signal, resolve, reject };
      if (this.#isOpen()) {
        void this.#start(request);
        return;
      }
      this.#queue.push(request);
      this.#pump();
    });
  }

  status(): LimiterStatus {
    const { concurrency, pause } = this.#options;
    const waiting = this.#queue.length;
    const binding = waiting === 0 ? "nothing" : this.#binding;
    return { inFlight: concurrency.inFlight, waiting, binding, pauseMs: pause.leftMs };
  }

  /** Whether a request that comes now need not queue. */
  #isOpen(): boolean {
    const { concurrency, pause, rates } = this.#options;
    return !rates.areSet && this.#queue.length === 0 && concurrency.free > 0 && pause.leftMs === 0;
  }

  /** Called whenever something has changed: a request came or left, a slot or a permit is there, a time has come. */
  #pump(): void {
    while (this.#mayNextStart()) {
      const next = this.#queue.shift();
      if (next !== undefined) void this.#start(next);
    }
    this.#askAhead();
  }

  /** If not, it is seen to that `#pump` is called when that may have changed. */
  #mayNextStart(): boolean {
    const { concurrency, pause, rates } = this.#options;
    const next = this.#queue.at(0);
    if (next === undefined) {
      this.#alarm.clear();
      return this.#isHeldBy("nothing");
    }
    const pauseMs = pause.leftMs;
    if (pauseMs > 0) return this.#isHeldBy("pause", pauseMs);
    if (concurrency.free === 0) return this.#isHeldBy("concurrency");
    const waitMs = rates.waitMs(next.cost);
    if (waitMs > 0) return this.#isHeldBy(rates.bindingOf(next.cost), waitMs);
    return rates.isPermitted(next.cost);
  }

  /** @param waitMs Left out where an event will end it. */
  #isHeldBy(binding: Binding, waitMs?: number): false {
    this.#binding = binding;
    if (waitMs !== undefined) this.#alarm.set(waitMs, this.#options.clock());
    return false;
  }

  async #start({ cost, task, resolve, reject }: WaitingRequest): Promise<void> {
    const { concurrency, pause, rates } = this.#options;
    const { episode } = pause;
    rates.take(cost);
    try {
      const attempt = await concurrency.run(task);
      rates.settle(cost, attempt);
      pause.observe(attempt, episode);
      resolve(attempt);
    } catch (error) {
      reject(error);
    }
    this.#pump();
  }

  /** Permits are asked for before they are used up, so that a slot that becomes free is filled at once. */
  #askAhead(): void {
    const { pause, rates } = this.#options;
    const next = this.#queue.at(0);
    if (next === undefined || rates.isAsking || pause.leftMs > 0) return;
    const permitted = rates.isPermitted(next.cost) ? rates.permit.requests : 0;
    if (permitted >= Math.min(mostAhead, this.#queue.length) / 2) return;
    const group = this.#nextGroup();
    if (group.requests > permitted) void this.#ask(group);
  }

  /** Those at the head of the queue that there is room for. One that is larger than the reservoir of tokens goes alone. */
  #nextGroup(): Group {
    const { rates } = this.#options;
    const { room } = rates;
    let requests = 0;
    let tokens = 0;
    for (; requests < Math.min(mostAhead, room.requests); requests += 1) {
      const next = this.#queue.at(requests);
      if (next === undefined) break;
      const fits = requests === 0 ? rates.waitMs(next.cost) === 0 : tokens + next.cost.tokens <= room.tokens;
      if (!fits) break;
      tokens += next.cost.tokens;
    }
    return { requests, tokens };
  }

  async #ask(group: Group): Promise<void> {
    await this.#options.rates.ask(group);
    this.#pump();
  }
}
