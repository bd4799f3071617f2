import type { Attempt } from "../../model/attempt.ts";
import type { Cost } from "../../model/cost.ts";
import type { LimiterEvent } from "../../model/event.ts";
import { isThrottled, isUnreachable } from "../../model/failure.ts";
import type { RateLimit, Weights } from "../../model/rate-limit.ts";
import type { BlockedBy, Gate, Start, Started } from "../gate.ts";
import { Circuit } from "../health/circuit.ts";
import { type Episode, Rejections } from "../health/rejections.ts";
import { Unproven } from "../health/unproven.ts";
import { AdaptiveConcurrency } from "../learning/adaptive-concurrency.ts";
import { LearnedLimits } from "../learning/learned-limits.ts";
import { LearnedPace } from "../learning/learned-pace.ts";
import { OutputPrediction } from "../learning/output-prediction.ts";
import type { LimitStatus, RateLimitStatus } from "../limiter.ts";
import type { ConcurrencyCap } from "../limits/concurrency-cap.ts";
import { configuredLimit } from "../limits/configured-limit.ts";
import { startsPerMs } from "../limits/limit.ts";
import { LimitSet } from "../limits/limit-set.ts";
import type { SharedGate } from "../limits/shared-gate.ts";
import { reservedWeights } from "../limits/weights.ts";
import type { SharedLimitsListener } from "../shared-limits.ts";

export interface TargetLimiterOptions {
  readonly provider: string;
  readonly model: string;
  /** Attempts in flight at most, over all models. */
  readonly concurrency: number;
  readonly adaptive: boolean;
  /** Those that the user set for this model alone. */
  readonly limits: readonly RateLimit[];
  /** Those that the user set for all models and providers together. */
  readonly commonLimits: readonly RateLimit[];
  /** Those that all models share at this provider and key. */
  readonly targetLimits: LimitSet;
  /** That of all models at this provider, if it has one. */
  readonly targetConcurrency: ConcurrencyCap | undefined;
  /** Opens the gate that keeps all limits together with other processes, where there are some. */
  readonly sharedGate: (listener: Pick<SharedLimitsListener, "onPause" | "onLearned">) => SharedGate | undefined;
  readonly probeDelayMs: number;
  readonly maxProbeDelayMs: number;
  readonly onEvent: (event: LimiterEvent) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What a provider allows one model's requests on one key: a list of gates, each of them one policy. */
export class TargetLimiter {
  readonly #options: TargetLimiterOptions;
  readonly #rejections: Rejections;
  readonly #circuit: Circuit;
  readonly #concurrency: AdaptiveConcurrency;
  readonly #pace: LearnedPace;
  readonly #limits: LimitSet;
  readonly #learnedLimits: LearnedLimits;
  /** Undefined where this process keeps its limits alone. */
  readonly #shared: SharedGate | undefined;
  readonly #prediction = new OutputPrediction();
  /** In the order in which a request passes them; the first that blocks it is the reason to wait. It leaves by the last. */
  readonly #gates: readonly Gate[];
  readonly #gatesToLeave: readonly Gate[];

  constructor(options: TargetLimiterOptions) {
    const { model, concurrency, adaptive, clock, random, probeDelayMs, maxProbeDelayMs, targetLimits } = options;
    this.#options = options;
    this.#rejections = new Rejections({
      clock,
      random,
      onBegin: ({ message }, pauseMs) => {
        this.#emit({ type: "pause", pauseMs, reason: message });
        this.#pace.beginEpisode();
      },
      onEnd: (episode) => this.#learnFrom(episode),
    });
    this.#circuit = new Circuit({
      isCounted: isUnreachable,
      probeDelayMs,
      maxProbeDelayMs,
      clock,
      onChange: (state, reason, waitMs) => this.#emit({ type: "circuit", state, reason, waitMs, isReachable: false }),
    });
    this.#concurrency = new AdaptiveConcurrency({
      ceiling: concurrency,
      adaptive,
      clock,
      startsPerMs: (weights) => this.#startsPerMs(weights),
      onChange: (from, to, reason) => this.#emit({ type: "concurrency", from, to, reason }),
    });
    this.#shared = options.sharedGate({
      onPause: (pauseMs, reason) => this.#emit({ type: "pause", pauseMs, reason }),
      onLearned: (limit, source) => this.#emit({ type: "limit-learned", limit, source }),
    });
    const own = this.#shared === undefined ? options.limits : [];
    const limits = new LimitSet(own.map((limit) => configuredLimit(limit, clock)));
    this.#limits = limits;
    const configured = [...options.commonLimits, ...options.limits];
    this.#learnedLimits = new LearnedLimits({
      model,
      limits,
      clock,
      configured,
      onLearned: (limit, source) => {
        this.#emit({ type: "limit-learned", limit, source });
        this.#shared?.learn(limit, source);
      },
    });
    this.#pace = new LearnedPace({
      model,
      limits,
      clock,
      onLearned: (limit) => this.#emit({ type: "limit-learned", limit, source: "refusals" }),
    });
    const unproven = adaptive ? [new Unproven(this.#circuit)] : [];
    this.#gates = [
      this.#rejections,
      this.#circuit,
      ...unproven,
      ...(options.targetConcurrency === undefined ? [] : [options.targetConcurrency]),
      this.#concurrency,
      this.#pace,
      this.#learnedLimits,
      limits,
      targetLimits,
      ...(this.#shared === undefined ? [] : [this.#shared]),
    ];
    this.#gatesToLeave = this.#gates.toReversed();
  }

  /** Whether there is any limit on what flows. */
  get isPaced(): boolean {
    return this.#limits.areSet || this.#options.targetLimits.areSet || this.#shared !== undefined;
  }

  /** No request gets through; one at a time probes the target. */
  get isUnreachable(): boolean {
    return this.#circuit.isOpen;
  }

  get pauseMs(): number {
    return Math.max(this.#rejections.pauseMs, this.#shared?.pauseMs ?? 0);
  }

  /** A limit that a request would exceed all by itself. */
  exceededBy(weights: Weights): RateLimit | undefined {
    return (
      this.#options.targetLimits.exceededBy(weights) ?? this.#limits.exceededBy(weights) ?? this.#shared?.exceededBy(weights)
    );
  }

  /** What a request would take if it started now. */
  weigh(cost: Cost): Weights {
    return reservedWeights(cost, this.#prediction.of(cost));
  }

  /** @returns why a request may not start now; undefined if it may. */
  blockedBy(start: Start): BlockedBy | undefined {
    for (const gate of this.#gates) {
      const blockedBy = gate.blockedBy?.(start);
      if (blockedBy !== undefined) return blockedBy;
    }
    return undefined;
  }

  started(start: Start, settle?: Started["settle"]): Started {
    for (const gate of this.#gates) gate.started?.(start);
    const { weights, inFlight, batchInFlight, hasStandIn, asker, leavesSlots } = start;
    const atMs = this.#options.clock();
    const { episode } = this.#rejections;
    // Member by member: to spread so many took as long as all else of a start.
    return { weights, inFlight, batchInFlight, hasStandIn, asker, leavesSlots, atMs, episode, settle };
  }

  /**
   * @param unused What the attempt had reserved and not used.
   * @param inFlight The attempts that were in flight with it.
   * @returns the attempt, marked if it belongs to an outage, or need not wait before it comes back here.
   */
  ended(attempt: Attempt, start: Started, unused: Weights, inFlight: number): Attempt {
    const ended = { attempt, start, unused, inFlight };
    for (const gate of this.#gatesToLeave) gate.ended?.(ended);
    if (attempt.ok) {
      this.#prediction.observe(attempt.response.usage, this.#options.clock() - start.atMs);
      return attempt;
    }
    const { failure } = attempt;
    if (isThrottled(failure)) this.#shared?.pause(this.#rejections.pauseMs, failure);
    const outage = this.#circuit.outageOf(attempt);
    if (outage !== undefined) return { ...attempt, failure: { ...failure, outage } };
    const isHeldBack = isThrottled(failure) && this.#rejections.coversLast;
    return isHeldBack ? { ...attempt, failure: { ...failure, isHeldBack } } : attempt;
  }

  /** An attempt that threw. */
  abandon(start: Started): void {
    this.#options.targetConcurrency?.ended({ start });
  }

  /** @param common Limits that count requests of others as well. */
  status(common: readonly LimitStatus[], inFlight: number, waiting: number, waitingLive: number): RateLimitStatus {
    const { provider, model, targetLimits } = this.#options;
    return {
      provider,
      model,
      limits: common.concat(this.#shared?.status ?? [], targetLimits.status(), this.#limits.status()),
      concurrency: this.#concurrency.cap,
      inFlight,
      waiting,
      waitingLive,
      pauseMs: this.pauseMs,
      meanTokens: this.#prediction.meanTokens,
      isUnreachable: this.isUnreachable,
    };
  }

  /** What all limits that are known allow. */
  #startsPerMs(weights: Weights): number {
    const { commonLimits, targetLimits } = this.#options;
    const shared = this.#shared?.startsPerMs(weights) ?? Infinity;
    const common = startsPerMs(commonLimits, weights);
    return Math.min(targetLimits.startsPerMs(weights), this.#limits.startsPerMs(weights), shared, common);
  }

  #learnFrom(episode: Episode): void {
    const { failure, beganAtMs, isOverrun } = episode;
    this.#concurrency.cut(episode, failure.kind === "rate_limit" && this.#pace.isChance);
    // A limit that the provider has just told needs no guess.
    if (failure.kind !== "rate_limit" || this.#learnedLimits.learnedAtMs >= beganAtMs) return;
    const { areInHeaders } = this.#learnedLimits;
    // The provider may count another number of tokens than was predicted.
    if (areInHeaders || failure.limitUnit === "tokens") this.#prediction.distrust();
    if (!areInHeaders) this.#pace.endEpisode(isOverrun, failure.limitUnit);
  }

  #emit(event: WithoutOrigin<LimiterEvent>): void {
    const { provider, model, onEvent } = this.#options;
    onEvent({ provider, model, ...event });
  }
}

/** A union's members one by one, without what they have in common. */
type WithoutOrigin<Event> = Event extends LimiterEvent ? Omit<Event, "provider" | "model"> : never;
