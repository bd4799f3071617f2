import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import type { LimiterEvent } from "../model/event.ts";
import { isTurnedAway, isUnreachable, type Failure } from "../model/failure.ts";
import type { LimitSource, RateLimit } from "../model/rate-limit.ts";
import { AdaptiveConcurrency } from "./adaptive-concurrency.ts";
import { Circuit } from "./circuit.ts";
import type { Hold } from "./hold.ts";
import { configuredLimit } from "./limit.ts";
import { LearntLimits } from "./learnt-limits.ts";
import { LearnedPace } from "./learned-pace.ts";
import { LimitSet, startsPerMs } from "./limit-set.ts";
import type { LimitStatus, RateLimitStatus } from "./limiter.ts";
import { OutputPrediction } from "./output-prediction.ts";
import { Pause } from "./pause.ts";
import { reservedWeights, type Weights } from "./weights.ts";

export interface AllowanceOptions {
  readonly provider: string;
  readonly model: string;
  /** Attempts in flight at most, over all lanes. */
  readonly concurrency: number;
  readonly adaptive: boolean;
  /** Those that the user set for this model alone. */
  readonly limits: readonly RateLimit[];
  /** Those that the user set for all models and providers together. */
  readonly sharedLimits: readonly RateLimit[];
  /** Those that all models share at this provider and key. */
  readonly targetLimits: LimitSet;
  readonly probeDelayMs: number;
  readonly maxProbeDelayMs: number;
  readonly onEvent: (event: LimiterEvent) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A time in which the provider turns requests away. */
interface Episode {
  /** The first refusal. */
  readonly failure: Failure;
  /** How many were under way then, and how many of them were turned away. */
  readonly inFlight: number;
  refused: number;
  /** A refusal told of a limit that nobody knew of. */
  hasTaught: boolean;
}

/** So many, and so many of those in flight, are no chance. */
const overrunRefusals = 4;
const overrunShare = 0.15;

/** Until it has answered once, one that others stand in for gets no more than this at a time: if it is dead, all of them are in vain. */
const mostUnproven = 16;

/** What was noted of an attempt when it started. */
export interface Start {
  readonly atMs: number;
  readonly episode: number;
  readonly weights: Weights;
}

/** What a provider allows one model's requests on one key: set by the user, told by the provider, or found out. */
export class Allowance {
  readonly #options: AllowanceOptions;
  readonly #prediction = new OutputPrediction();
  readonly #pause: Pause;
  readonly #circuit: Circuit;
  readonly #concurrency: AdaptiveConcurrency;
  readonly #limits: LimitSet;
  readonly #learntLimits: LearntLimits;
  readonly #learnedPace: LearnedPace;
  #episode: Episode | undefined;

  constructor(options: AllowanceOptions) {
    const { model, concurrency, adaptive, clock, random, probeDelayMs, maxProbeDelayMs } = options;
    this.#options = options;
    this.#pause = new Pause({ clock, random });
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
      onChange: (from, to, reason) => this.#emit({ type: "concurrency", from, to, reason }),
    });
    this.#limits = new LimitSet(options.limits.map((limit) => configuredLimit(limit, clock)));
    const configured = [...options.sharedLimits, ...options.limits];
    this.#learntLimits = new LearntLimits({
      model,
      limits: this.#limits,
      clock,
      onLearnt: this.#onLearnt,
      configured,
    });
    this.#learnedPace = new LearnedPace({
      model,
      limits: this.#limits,
      clock,
      onLearned: (limit) => this.#onLearnt(limit, "refusals"),
    });
  }

  /** Whether there is any limit on what flows. */
  get isPaced(): boolean {
    return this.#limits.areSet || this.#options.targetLimits.areSet;
  }

  /** Nobody gets through; one request at a time tries. */
  get isUnreachable(): boolean {
    return this.#circuit.isOpen;
  }

  get pauseMs(): number {
    return this.#pause.leftMs;
  }

  /** A limit that a request would exceed all by itself. */
  exceededBy(weights: Weights): RateLimit | undefined {
    return this.#options.targetLimits.exceededBy(weights) ?? this.#limits.exceededBy(weights);
  }

  /** What a request would take if it started now. */
  weigh(cost: Cost): Weights {
    return reservedWeights(cost, this.#prediction.of(cost));
  }

  /**
   * @param inFlight The model's attempts under way.
   * @param hasStandIn Whether the request could go elsewhere if this fails.
   * @returns why a request may not start now; undefined if it may.
   */
  hold(weights: Weights, inFlight: number, hasStandIn: boolean): Hold | undefined {
    const pauseMs = this.#pause.leftMs;
    if (pauseMs > 0) return { binding: "pause", waitMs: pauseMs };
    if (this.#episode !== undefined) this.#endEpisode(this.#episode);
    const isHeld = this.#circuit.hold() ?? this.#holdByDoubt(inFlight, hasStandIn) ?? this.#holdByConcurrency(weights, inFlight);
    if (isHeld !== undefined) return isHeld;
    this.#learnedPace.grow(weights);
    return this.#limits.hold(weights) ?? this.#options.targetLimits.hold(weights);
  }

  start(weights: Weights): Start {
    this.#limits.take(weights);
    this.#options.targetLimits.take(weights);
    this.#learnedPace.started(weights);
    this.#circuit.start();
    return { atMs: this.#options.clock(), episode: this.#pause.episode, weights };
  }

  /**
   * Learns from what came of an attempt.
   *
   * @param unused What it had reserved and not used.
   * @param inFlight The attempts that were under way with it.
   * @returns the attempt, marked if it belongs to an outage.
   */
  end(attempt: Attempt, start: Start, unused: Weights, inFlight: number): Attempt {
    this.#limits.giveBack(unused, start.atMs);
    this.#options.targetLimits.giveBack(unused, start.atMs);
    const hasTaught = attempt.rateLimits !== undefined && this.#learntLimits.observe(attempt.rateLimits, start, inFlight - 1);
    if (attempt.ok) {
      this.#prediction.observe(attempt.answer.usage, this.#options.clock() - start.atMs);
      this.#learnedPace.answered(unused);
      this.#concurrency.observeSuccess();
    } else if (isTurnedAway(attempt.failure)) {
      if (attempt.failure.kind === "rate_limit") this.#learnedPace.rejected(start.weights);
      if (this.#episode?.failure.kind === attempt.failure.kind) this.#episode.refused += 1;
    }
    if (this.#pause.observe(attempt, start.episode) && !attempt.ok) this.#beginEpisode(attempt.failure, inFlight);
    if (hasTaught && this.#episode !== undefined) this.#episode.hasTaught = true;
    const outage = this.#circuit.observe(attempt);
    return attempt.ok || outage === undefined ? attempt : { ...attempt, failure: { ...attempt.failure, outage } };
  }

  /** @param shared Limits that count requests of others as well. */
  status(shared: readonly LimitStatus[], inFlight: number, waiting: number): RateLimitStatus {
    const { provider, model, targetLimits } = this.#options;
    return {
      provider,
      model,
      limits: [...shared, ...targetLimits.status(), ...this.#limits.status()],
      concurrency: this.#concurrency.cap,
      inFlight,
      waiting,
      pauseMs: this.#pause.leftMs,
      isUnreachable: this.isUnreachable,
    };
  }

  #holdByDoubt(inFlight: number, hasStandIn: boolean): Hold | undefined {
    const isProven = !hasStandIn || !this.#options.adaptive || this.#circuit.wasReached;
    return isProven || inFlight < mostUnproven ? undefined : { binding: "concurrency", amount: mostUnproven };
  }

  #holdByConcurrency(weights: Weights, inFlight: number): Hold | undefined {
    if (inFlight < this.#concurrency.cap) return undefined;
    const waitMs = this.#concurrency.holdBack(this.#startsPerMs(weights));
    if (inFlight < this.#concurrency.cap) return undefined;
    const amount = this.#concurrency.cap;
    return waitMs === Infinity ? { binding: "concurrency", amount } : { binding: "concurrency", waitMs, amount };
  }

  /** What all limits that are known allow. */
  #startsPerMs(weights: Weights): number {
    const { sharedLimits, targetLimits } = this.#options;
    let fewest = Math.min(targetLimits.startsPerMs(weights), this.#limits.startsPerMs(weights));
    for (const limit of sharedLimits) fewest = Math.min(fewest, startsPerMs(limit, weights));
    return fewest;
  }

  #beginEpisode(failure: Failure, inFlight: number): void {
    this.#emit({ type: "pause", pauseMs: this.#pause.leftMs, reason: failure.message });
    this.#episode = { failure, inFlight, refused: 1, hasTaught: false };
    this.#learnedPace.beginEpisode();
  }

  /** By now those that were under way have been answered, or turned away as well: that tells how far the limit was overrun. */
  #endEpisode({ failure, inFlight, refused, hasTaught }: Episode): void {
    this.#episode = undefined;
    const isOverrun = refused >= overrunRefusals && refused >= inFlight * overrunShare;
    const isCertain = isOverrun || failure.kind === "overloaded" || !this.#learnedPace.isChance;
    if (isCertain || refused >= inFlight * overrunShare)
      this.#concurrency.cut(isOverrun ? inFlight : Infinity, refused, failure.message, isCertain);
    if (failure.kind !== "rate_limit" || hasTaught) return;
    // What the provider tells needs no guess, but perhaps another count of tokens.
    if (this.#learntLimits.areInHeaders || failure.measure === "tokens") this.#prediction.distrust();
    if (!this.#learntLimits.areInHeaders) this.#learnedPace.endEpisode(isOverrun, failure.measure);
  }

  readonly #onLearnt = (limit: RateLimit, source: Exclude<LimitSource, "configured">): void => {
    this.#emit({ type: "limit-learnt", limit, source });
  };

  #emit(event: AllowanceEvent): void {
    const { provider, model, onEvent } = this.#options;
    onEvent({ provider, model, ...event });
  }
}

/** A union's members one by one, without what they have in common. */
type WithoutOrigin<Event> = Event extends LimiterEvent ? Omit<Event, "provider" | "model"> : never;
type AllowanceEvent = WithoutOrigin<LimiterEvent>;
