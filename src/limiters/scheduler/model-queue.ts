import type { Attempt } from "../../model/attempt.ts";
import type { Candidate, Demand, Target } from "../../model/demand.ts";
import type { RateLimit, Weights } from "../../model/rate-limit.ts";
import type { BlockedBy, Start, Started, Starter } from "../gate.ts";
import type { Circuit } from "../health/circuit.ts";
import type { LimitStatus, RateLimitStatus } from "../limiter.ts";
import type { TargetLimiter } from "./target-limiter.ts";
import { FairQueue } from "./fair-queue.ts";

/** Where a request may start now. */
export interface Choice {
  readonly candidate: Candidate;
  readonly start: Start;
}

/** What one target allows the queue's model, and how much of it is in use. */
interface TargetState {
  limiter: TargetLimiter;
  inFlight: number;
  batchInFlight: number;
  /** Undefined until it is one of several. */
  health: Circuit | undefined;
}

interface ModelQueueOptions {
  readonly createTargetLimiter: (target: Target) => TargetLimiter;
  readonly createHealth: (target: Target, limiter: TargetLimiter) => Circuit;
  /** Called after waiting requests have left because of an abort. */
  readonly onAbort: () => void;
}

/** The requests for one model: those that wait, and how many are in flight at each target that can take them. */
export class ModelQueue {
  readonly waiting: FairQueue;
  readonly #options: ModelQueueOptions;
  readonly #targets = new Map<Target, TargetState>();

  constructor(options: ModelQueueOptions) {
    this.#options = options;
    this.waiting = new FairQueue(options.onAbort);
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && [...this.#targets.values()].every(({ inFlight }) => inFlight === 0);
  }

  /** Milliseconds until one of the targets that were asked does not pause. */
  get pauseMs(): number {
    let minMs = Infinity;
    for (const [target, { limiter }] of this.#targets) if (!isEvicted(target)) minMs = Math.min(minMs, limiter.pauseMs);
    return minMs === Infinity ? 0 : minMs;
  }

  isPaced(target: Target): boolean {
    return this.#target(target).limiter.isPaced;
  }

  /** A limit that a request would exceed all by itself, and by what. */
  exceededBy({ target, cost }: Candidate): { readonly limit: RateLimit; readonly weights: Weights } | undefined {
    const { limiter } = this.#target(target);
    const weights = limiter.weigh(cost);
    const limit = limiter.exceededBy(weights);
    return limit && { limit, weights };
  }

  /**
   * Among the candidates of the lowest rank that can be used at all, the one that is least in use for its weight. Those that all requests
   * fail at are only probed, unless there are no others.
   *
   * @returns why the request may not start now, where it may not.
   */
  choose({ candidates }: Demand, starter: Starter): Choice | BlockedBy {
    if (candidates.length === 1) return this.#chooseAmong(candidates, starter, false);
    const choice = this.#chooseAmong(candidates, starter, true);
    return "reason" in choice && isOutOfReach(choice) ? this.#chooseAmong(candidates, starter, false) : choice;
  }

  #chooseAmong(candidates: readonly Candidate[], starter: Starter, sparesSick: boolean): Choice | BlockedBy {
    const { asker, leavesSlots } = starter;
    let choice: (Choice & { readonly load: number }) | undefined;
    let blockedBy: BlockedBy | undefined;
    let doAllPause = true;
    let rankInUse = Infinity;
    const lastRank = lastRankOf(candidates);
    for (const candidate of candidates) {
      if (candidate.rank > rankInUse || this.#isOutOfUse(candidate, candidates)) continue;
      if (choice !== undefined && candidate.rank > choice.candidate.rank) continue;
      const state = this.#target(candidate.target);
      if (sparesSick && this.#healthOf(state, candidate.target).blockedBy() !== undefined) continue;
      const { limiter, inFlight, batchInFlight } = state;
      const weights = limiter.weigh(candidate.cost);
      const start = { weights, inFlight, batchInFlight, hasStandIn: candidate.rank < lastRank, asker, leavesSlots };
      const blocked = limiter.blockedBy(start);
      const load = inFlight / candidate.weight;
      if (blocked === undefined) {
        if (choice === undefined || load < choice.load) choice = { candidate, start, load };
      } else {
        if (!isOutOfReach(blocked)) rankInUse = candidate.rank;
        if (blocked.rejection === undefined) doAllPause = false;
        if ((blocked.waitMs ?? Infinity) <= (blockedBy?.waitMs ?? Infinity)) blockedBy = blocked;
      }
    }
    if (choice !== undefined) return choice;
    if (blockedBy === undefined) return { reason: "circuit" };
    return doAllPause || blockedBy.rejection === undefined ? blockedBy : { reason: "pause", waitMs: blockedBy.waitMs ?? 0 };
  }

  started({ candidate: { target }, start }: Choice): Started {
    const state = this.#target(target);
    state.inFlight += 1;
    if (start.asker.band === "batch") state.batchInFlight += 1;
    if (state.health?.blockedBy() === undefined) state.health?.started();
    return state.limiter.started(start, this.#charge(start));
  }

  /** @param unused What the attempt had reserved and not used. @returns the attempt, marked if it belongs to an outage. */
  ended(attempt: Attempt, { target }: Candidate, start: Started, unused: Weights): Attempt {
    const state = this.#target(target);
    const marked = state.limiter.ended(attempt, start, unused, state.inFlight);
    leave(state, start);
    start.settle?.(unused);
    state.health?.ended({ attempt });
    return marked;
  }

  /** An attempt that threw: a bug, which teaches nothing. */
  abandon({ target }: Candidate, start: Started): void {
    const state = this.#target(target);
    leave(state, start);
    state.limiter.abandon(start);
  }

  /** One entry for each target. @param common Limits that count requests of other queues as well. */
  status(common: readonly LimitStatus[]): RateLimitStatus[] {
    const waiting = this.waiting.length;
    const waitingLive = this.waiting.countLive();
    const all: RateLimitStatus[] = [];
    for (const { limiter, inFlight } of this.#targets.values()) all.push(limiter.status(common, inFlight, waiting, waitingLive));
    return all;
  }

  /** Forgets what was learned, ends pauses, and fills up what the user set. */
  reset(): void {
    for (const [target, state] of this.#targets) {
      state.limiter = this.#options.createTargetLimiter(target);
      state.health = undefined;
    }
  }

  /** Its share is charged with what it probably takes, until that is known. */
  #charge({ asker, weights }: Start): Started["settle"] {
    const settle = this.waiting.charge(asker, tokensOf(weights));
    return settle && ((unused) => settle(tokensOf(unused)));
  }

  /** The last one is never out of use: it has to say why. */
  #isOutOfUse({ target }: Candidate, candidates: readonly Candidate[]): boolean {
    return isEvicted(target) && candidates.some((other) => !isEvicted(other.target));
  }

  #healthOf(state: TargetState, target: Target): Circuit {
    return (state.health ??= this.#options.createHealth(target, state.limiter));
  }

  #target(target: Target): TargetState {
    const known = this.#targets.get(target);
    if (known !== undefined) return known;
    const limiter = this.#options.createTargetLimiter(target);
    const state = { limiter, inFlight: 0, batchInFlight: 0, health: undefined };
    this.#targets.set(target, state);
    return state;
  }
}

function leave(state: TargetState, { asker }: Started): void {
  state.inFlight -= 1;
  if (asker.band === "batch") state.batchInFlight -= 1;
}

function tokensOf(weights: Weights): number {
  return weights["input-tokens"] + weights["output-tokens"];
}

function isEvicted(target: Target): boolean {
  return target.isEvicted?.() ?? false;
}

function lastRankOf(candidates: readonly Candidate[]): number {
  let last = -Infinity;
  for (const { rank } of candidates) last = Math.max(last, rank);
  return last;
}

/** The request may go to another rank meanwhile. */
function isOutOfReach({ reason }: BlockedBy): boolean {
  return reason === "pause" || reason === "circuit";
}
