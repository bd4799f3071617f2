import type { Failure } from "../../model/failure.ts";
import { type LimitUnit, noWeights, type RateLimit, type Weights } from "../../model/rate-limit.ts";
import type { BlockedBy, Gate, Start, Started } from "../gate.ts";
import type { LimitStatus } from "../limiter.ts";
import type { SharedLimitsListener, SharedTarget } from "../shared-limits.ts";
import { Lease } from "./lease.ts";
import { isPace, startsPerMs } from "./limit.ts";
import { leaseUsableMs } from "./shared-pace.ts";
import { addWeights, scaleWeights, subtractWeights } from "./weights.ts";

interface SharedGateOptions {
  readonly open: (listener: SharedLimitsListener) => SharedTarget;
  /** It may block no more. */
  readonly onChange: () => void;
  readonly onPause: SharedLimitsListener["onPause"];
  readonly onLearned: SharedLimitsListener["onLearned"];
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** At high rates: a start then takes a seventh of a round trip. Those of two leases are unreported, and not counted, when a process is killed. */
const maxRequests = 7;
/** For no more than this process starts in so long, and all of them in what a limit holds: they start at once. */
const ownMs = 100;
const allMs = 20;
/** What came so late may have expired. */
const maxAnswerMs = 1_000;
/** Processes that were rejected at one moment do not come back at one moment. */
const retrySpreadMs = 50;
/** What others took of a quota they may give back. */
const maxRetryMs = 1_000;
/** The mean size is about that of the last so many. */
const requestsRemembered = 20;

/** Limits and pauses that several processes share: it answers from a lease, and asks for the next one before that is used up. */
export class SharedGate implements Gate {
  readonly #options: SharedGateOptions;
  readonly #target: SharedTarget;
  #leases: readonly Lease[] = [];
  #isAsking = false;
  #expiry: NodeJS.Timeout | undefined;
  #rejected: { readonly untilMs: number; readonly unit: LimitUnit } = { untilMs: -Infinity, unit: "requests" };
  /** Of what starts, about. */
  #meanWeights: Weights | undefined;
  #startedAtMs = -Infinity;
  /** Between two starts, about. */
  #meanGapMs = ownMs;

  constructor(options: SharedGateOptions) {
    const { onChange, onPause, onLearned } = options;
    this.#options = options;
    this.#target = options.open({ onChange, onPause, onLearned });
  }

  get status(): readonly LimitStatus[] {
    return this.#target.limits;
  }

  get pauseMs(): number {
    return this.#target.pauseMs;
  }

  blockedBy({ weights }: Pick<Start, "weights">): BlockedBy | undefined {
    const { isReachable, pauseMs: waitMs, pauseReason, limits } = this.#target;
    if (!isReachable) return { reason: "shared-limits" };
    if (waitMs > 0) return { reason: "pause", waitMs, rejection: { kind: "rate_limit", message: pauseReason, retryable: true } };
    if (limits.length === 0) return undefined;
    const nowMs = this.#options.clock();
    const lease = this.#leaseFor(weights, nowMs);
    if (lease !== undefined) {
      const turnInMs = lease.startsAtMs - nowMs;
      return turnInMs <= 0 ? undefined : this.#blocked(lease.granted.unit, turnInMs);
    }
    const { untilMs, unit } = this.#rejected;
    if (untilMs > nowMs) return this.#blocked(unit, untilMs - nowMs);
    void this.#ask(weights);
    return this.#blocked(unit);
  }

  started({ weights }: Pick<Start, "weights">): void {
    if (this.#target.limits.length === 0) return;
    const nowMs = this.#options.clock();
    this.#meanGapMs += (Math.min(nowMs - this.#startedAtMs, ownMs) - this.#meanGapMs) / requestsRemembered;
    this.#startedAtMs = nowMs;
    const lease = this.#leaseFor(weights, nowMs);
    if (lease === undefined) return this.#target.settle(negative(weights), 0);
    lease.use(weights);
    this.#meanWeights = mean(this.#meanWeights ?? weights, weights);
    const unused = this.#leases.reduce((sum, { left: { requests } }) => sum + requests, 0);
    const { requests } = lease.granted.amounts;
    if (requests > 1 && unused <= requests / 2) void this.#ask(this.#meanWeights);
    this.#dropOver(nowMs);
  }

  ended({ unused, start }: { readonly unused: Weights; readonly start: Pick<Started, "atMs"> }): void {
    if (this.#target.limits.length > 0 && Object.values(unused).some((amount) => amount !== 0))
      this.#target.settle(unused, this.#options.clock() - start.atMs);
  }

  /** A server said how long to wait. */
  pause(pauseMs: number, { message }: Failure): void {
    this.#target.pause(pauseMs, message);
  }

  learn(limit: RateLimit, source: "headers" | "errors"): void {
    this.#target.learn(limit, source);
  }

  /** How many requests of such weights all processes together may start in a millisecond; Infinity where no pace is known. */
  startsPerMs(weights: Weights): number {
    return startsPerMs(this.#target.limits, weights);
  }

  /** A limit that a request would exceed all by itself. */
  exceededBy(weights: Weights): RateLimit | undefined {
    return this.#target.limits.find(({ unit, amount }) => weights[unit] > amount);
  }

  close(): void {
    clearTimeout(this.#expiry);
    this.#target.close();
  }

  #leaseFor(weights: Weights, nowMs: number): Lease | undefined {
    this.#dropOver(nowMs);
    return this.#leases.find((lease) => lease.fits(weights));
  }

  #dropOver(nowMs: number): void {
    if (!this.#leases.some((lease) => lease.isOver(nowMs))) return;
    for (const lease of this.#leases) if (lease.isOver(nowMs)) this.#target.report(lease.granted, lease.left);
    this.#leases = this.#leases.filter((lease) => !lease.isOver(nowMs));
  }

  /** What is left of a lease is given back when no request comes for it. */
  #dropLater(startsInMs: number): void {
    this.#expiry ??= setTimeout(() => {
      this.#expiry = undefined;
      this.#dropOver(this.#options.clock());
      if (this.#leases.length > 0) this.#dropLater(0);
    }, startsInMs + leaseUsableMs).unref();
  }

  async #ask(weights: Weights): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { clock, random, onChange } = this.#options;
    const askedAtMs = clock();
    const requests = this.#requestsOf(weights);
    const others = this.#meanWeights ?? weights;
    const amounts = addWeights(weights, scaleWeights(others, requests - 1));
    const taken = await this.#target.take(amounts);
    this.#isAsking = false;
    const nowMs = clock();
    if (taken.type === "lease") {
      if (nowMs - askedAtMs > maxAnswerMs) this.#target.report(taken.lease, amounts);
      else this.#leases = [...this.#leases, new Lease(taken.lease, askedAtMs, nowMs)];
      this.#dropLater(taken.lease.startsInMs);
    }
    if (taken.type === "rejected")
      this.#rejected = { untilMs: nowMs + Math.min(taken.retryInMs, maxRetryMs) + random() * retrySpreadMs, unit: taken.unit };
    onChange();
  }

  /** Of a quota no more than is left. */
  #requestsOf(weights: Weights): number {
    const quotas = this.#target.limits.filter((limit) => !isPace(limit));
    const left = quotas.map(({ unit, available }) => available / weights[unit]);
    return Math.max(1, Math.floor(Math.min(maxRequests, ownMs / this.#meanGapMs, this.startsPerMs(weights) * allMs, ...left)));
  }

  #blocked(reason: LimitUnit, waitMs?: number): BlockedBy {
    const limit = this.#target.limits.find(({ unit }) => unit === reason);
    return { reason, ...(waitMs !== undefined && { waitMs }), ...(limit && { amount: limit.amount, source: limit.source }) };
  }
}

function negative(weights: Weights): Weights {
  return subtractWeights(noWeights, weights);
}

function mean(before: Weights, weights: Weights): Weights {
  const share = 1 / requestsRemembered;
  return addWeights(scaleWeights(before, 1 - share), scaleWeights(weights, share));
}
