import type { Attempt } from "../model/attempt.ts";
import type { Candidate, Demand } from "../model/demand.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import { Allowance, type Start } from "./allowance.ts";
import type { Circuit } from "./circuit.ts";
import type { Hold } from "./hold.ts";
import type { LimitStatus, RateLimitStatus } from "./limiter.ts";
import { WaitingQueue } from "./waiting-queue.ts";
import type { Weights } from "./weights.ts";

/** Where a request may start now. */
export interface Choice {
  readonly candidate: Candidate;
  readonly weights: Weights;
}

/** What one target is allowed for the lane's model, and how much of it is in use. */
interface Place {
  allowance: Allowance;
  inFlight: number;
  /** Undefined until it is one of several. */
  health: Circuit | undefined;
}

export interface LaneOptions {
  readonly createAllowance: (target: number) => Allowance;
  readonly createHealth: (target: number, allowance: Allowance) => Circuit;
  readonly isEvicted: (target: number) => boolean;
  /** Called after waiting requests have left because of an abort. */
  readonly onAbort: () => void;
}

/** The requests for one model: those that wait, and for each target that can take them what it is allowed and how many are under way. */
export class Lane {
  readonly queue: WaitingQueue;
  readonly #options: LaneOptions;
  readonly #places = new Map<number, Place>();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.queue = new WaitingQueue(options.onAbort);
  }

  get isIdle(): boolean {
    return this.queue.length === 0 && [...this.#places.values()].every(({ inFlight }) => inFlight === 0);
  }

  get pauseMs(): number {
    return Math.max(0, ...[...this.#places.values()].map(({ allowance }) => allowance.pauseMs));
  }

  isPaced(target: number): boolean {
    return this.#place(target).allowance.isPaced;
  }

  /** A limit that a request would exceed all by itself, and by what. */
  exceededBy({ target, cost }: Candidate): { readonly limit: RateLimit; readonly weights: Weights } | undefined {
    const { allowance } = this.#place(target);
    const weights = allowance.weigh(cost);
    const limit = allowance.exceededBy(weights);
    return limit && { limit, weights };
  }

  /**
   * Among the candidates of the lowest rank that can be used at all, the one that is least in use for its weight. Those that everyone
   * fails at are used only to try them, and when there are no others.
   *
   * @returns why the request may not start now, where it may not.
   */
  choose({ candidates }: Demand): Choice | Hold {
    if (candidates.length === 1) return this.#chooseAmong(candidates, false);
    const choice = this.#chooseAmong(candidates, true);
    return "binding" in choice && isOutOfReach(choice) ? this.#chooseAmong(candidates, false) : choice;
  }

  #chooseAmong(candidates: readonly Candidate[], sparesSick: boolean): Choice | Hold {
    let choice: (Choice & { readonly load: number }) | undefined;
    let hold: Hold | undefined;
    let rankInUse = Infinity;
    const lastRank = lastRankOf(candidates);
    for (const candidate of candidates) {
      if (candidate.rank > rankInUse || this.#isOutOfUse(candidate, candidates)) continue;
      if (choice !== undefined && candidate.rank > choice.candidate.rank) continue;
      const place = this.#place(candidate.target);
      if (sparesSick && this.#healthOf(place, candidate.target).hold() !== undefined) continue;
      const weights = place.allowance.weigh(candidate.cost);
      const placeHold = place.allowance.hold(weights, place.inFlight, candidate.rank < lastRank);
      const load = place.inFlight / candidate.weight;
      if (placeHold === undefined) {
        if (choice === undefined || load < choice.load) choice = { candidate, weights, load };
      } else {
        if (!isOutOfReach(placeHold)) rankInUse = candidate.rank;
        if ((placeHold.waitMs ?? Infinity) <= (hold?.waitMs ?? Infinity)) hold = placeHold;
      }
    }
    return choice ?? hold ?? { binding: "circuit" };
  }

  start({ candidate: { target }, weights }: Choice): Start {
    const place = this.#place(target);
    place.inFlight += 1;
    if (place.health?.hold() === undefined) place.health?.start();
    return place.allowance.start(weights);
  }

  /** @param unused What the attempt had reserved and not used. @returns the attempt, marked if it belongs to an outage. */
  end(attempt: Attempt, { target }: Candidate, start: Start, unused: Weights): Attempt {
    const place = this.#place(target);
    const ended = place.allowance.end(attempt, start, unused, place.inFlight);
    place.inFlight -= 1;
    place.health?.observe(attempt);
    return ended;
  }

  /** An attempt that threw: a bug, which teaches nothing. */
  abandon({ target }: Candidate): void {
    this.#place(target).inFlight -= 1;
  }

  /** One entry for each target. @param shared Limits that count requests of other lanes as well. */
  status(shared: readonly LimitStatus[]): RateLimitStatus[] {
    return [...this.#places.values()].map(({ allowance, inFlight }) => allowance.status(shared, inFlight, this.queue.length));
  }

  /** Forgets what was learnt, ends pauses, and fills up what the user set. */
  reset(): void {
    for (const [target, place] of this.#places) {
      place.allowance = this.#options.createAllowance(target);
      place.health = undefined;
    }
  }

  /** The last one is never out of use: somebody has to hear why. */
  #isOutOfUse({ target }: Candidate, candidates: readonly Candidate[]): boolean {
    const { isEvicted } = this.#options;
    return isEvicted(target) && candidates.some((other) => !isEvicted(other.target));
  }

  #healthOf(place: Place, target: number): Circuit {
    return (place.health ??= this.#options.createHealth(target, place.allowance));
  }

  #place(target: number): Place {
    const known = this.#places.get(target);
    if (known !== undefined) return known;
    const place = { allowance: this.#options.createAllowance(target), inFlight: 0, health: undefined };
    this.#places.set(target, place);
    return place;
  }
}

function lastRankOf(candidates: readonly Candidate[]): number {
  let last = -Infinity;
  for (const { rank } of candidates) last = Math.max(last, rank);
  return last;
}

/** The request may go to another rank meanwhile. */
function isOutOfReach({ binding }: Hold): boolean {
  return binding === "pause" || binding === "circuit";
}
