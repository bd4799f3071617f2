import type { Target } from "../../model/demand.ts";
import type { RateLimit } from "../../model/rate-limit.ts";
import type { Circuit } from "../health/circuit.ts";
import { createTargetHealth } from "../health/target-health.ts";
import { ConcurrencyCap } from "../limits/concurrency-cap.ts";
import { configuredLimit } from "../limits/configured-limit.ts";
import { LimitSet } from "../limits/limit-set.ts";
import { SharedGate } from "../limits/shared-gate.ts";
import type { LimitScope, ScopedLimit, SharedLimits, SharedLimitsListener, SharedTarget } from "../shared-limits.ts";
import { ModelQueue } from "./model-queue.ts";
import { TargetLimiter, type TargetLimiterOptions } from "./target-limiter.ts";

/** A file may name any number of models; beyond so many, what was learned of those that are idle for longest is forgotten. */
const maxRemembered = 1_000;

interface ModelQueuesOptions extends Omit<
  TargetLimiterOptions,
  "model" | "provider" | "commonLimits" | "targetLimits" | "targetConcurrency" | "sharedGate"
> {
  /** Called after requests have left a queue because of an abort, and when others' news may let one start. */
  readonly onChange: () => void;
  readonly sharedLimits: SharedLimits | undefined;
}

/** A queue for each model that was asked for. */
export class ModelQueues {
  readonly #options: ModelQueuesOptions;
  readonly #queues = new Map<string, ModelQueue>();
  readonly #targetLimits = new Map<Target, LimitSet>();
  /** By what targets share. It counts what is in flight, so a reset leaves it as it is. */
  readonly #caps = new Map<object, ConcurrencyCap>();
  /** By model. */
  readonly #sharedGates = new Map<string, SharedGate[]>();

  constructor(options: ModelQueuesOptions) {
    this.#options = options;
  }

  get all(): readonly ModelQueue[] {
    return [...this.#queues.values()];
  }

  /** Undefined where the model was not asked for. */
  known(model: string): ModelQueue | undefined {
    return this.#queues.get(model);
  }

  countWaiting(): number {
    return this.all.reduce((sum, queue) => sum + queue.waiting.length, 0);
  }

  get waitingLive(): number {
    let sum = 0;
    for (const { waiting } of this) sum += waiting.countLive();
    return sum;
  }

  /** The longest pause of a model. */
  get pauseMs(): number {
    let maxMs = 0;
    for (const { pauseMs } of this) maxMs = Math.max(maxMs, pauseMs);
    return maxMs;
  }

  [Symbol.iterator](): Iterator<ModelQueue> {
    return this.#queues.values();
  }

  of(model: string): ModelQueue {
    const known = this.#queues.get(model);
    if (known !== undefined) return known;
    const queue = new ModelQueue({
      createTargetLimiter: (target) => this.#createTargetLimiter(model, target),
      createHealth: (target, limiter) => this.#createHealth(model, target, limiter),
      onAbort: this.#options.onChange,
    });
    this.#queues.set(model, queue);
    if (this.#queues.size > maxRemembered) this.#forgetOne();
    return queue;
  }

  reset(): void {
    this.#targetLimits.clear();
    for (const model of this.#sharedGates.keys()) this.#closeShared(model);
    for (const queue of this.#queues.values()) queue.reset();
  }

  #createTargetLimiter(model: string, target: Target): TargetLimiter {
    const { limits } = this.#options;
    const { name, limits: ownLimits = [] } = target;
    return new TargetLimiter({
      ...this.#options,
      provider: name,
      model,
      limits: [...limits, ...ownLimits].filter((limit) => limit.model === model),
      commonLimits: limits.filter((limit) => limit.model === undefined),
      targetLimits: this.#limitsOf(target),
      targetConcurrency: this.#capOf(target),
      sharedGate: (listener) => this.#openShared(model, target, listener),
    });
  }

  #openShared(
    model: string,
    target: Target,
    listener: Pick<SharedLimitsListener, "onPause" | "onLearned">,
  ): SharedGate | undefined {
    const { sharedLimits, limits, onChange, clock, random } = this.#options;
    if (sharedLimits === undefined) return undefined;
    const scope = { account: target.account ?? target.name, model };
    const scoped = [...scopedTo({}, limits, model), ...scopedTo({ account: scope.account }, target.limits ?? [], model)];
    const open = (all: SharedLimitsListener): SharedTarget => sharedLimits.open(scope, scoped, all);
    const gate = new SharedGate({ ...listener, open, onChange, clock, random });
    this.#sharedGates.set(model, [...(this.#sharedGates.get(model) ?? []), gate]);
    return gate;
  }

  #closeShared(model: string): void {
    for (const gate of this.#sharedGates.get(model) ?? []) gate.close();
    this.#sharedGates.delete(model);
  }

  #createHealth(model: string, { name: provider }: Target, limiter: TargetLimiter): Circuit {
    const { probeDelayMs, maxProbeDelayMs, clock, onEvent } = this.#options;
    const isUnreachable = (): boolean => limiter.isUnreachable;
    return createTargetHealth({ provider, model, isUnreachable, probeDelayMs, maxProbeDelayMs, clock, onEvent });
  }

  /** Those of a target that count the requests for all its models together. */
  #limitsOf(target: Target): LimitSet {
    const known = this.#targetLimits.get(target);
    if (known !== undefined) return known;
    const { clock, sharedLimits } = this.#options;
    const own = sharedLimits === undefined ? (target.limits ?? []).filter(({ model }) => model === undefined) : [];
    const limits = new LimitSet(own.map((limit) => configuredLimit(limit, clock)));
    this.#targetLimits.set(target, limits);
    return limits;
  }

  #capOf({ concurrency }: Target): ConcurrencyCap | undefined {
    if (concurrency === undefined) return undefined;
    const cap = this.#caps.get(concurrency) ?? new ConcurrencyCap(concurrency.max);
    this.#caps.set(concurrency, cap);
    return cap;
  }

  #forgetOne(): void {
    for (const [model, queue] of this.#queues) {
      if (!queue.isIdle) continue;
      this.#queues.delete(model);
      this.#closeShared(model);
      return;
    }
  }
}

/** Those that count requests for a model. */
function scopedTo(scope: LimitScope, limits: readonly RateLimit[], model: string): ScopedLimit[] {
  const counting = limits.filter((limit) => limit.model === undefined || limit.model === model);
  return counting.map((limit) => ({ limit, scope: { ...scope, model: limit.model } }));
}
