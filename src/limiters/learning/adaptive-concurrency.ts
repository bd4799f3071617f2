import type { Weights } from "../../model/rate-limit.ts";
import type { BlockedBy, Ended, Gate, Start } from "../gate.ts";
import { batchSlots } from "../limits/batch-slots.ts";
import type { Episode } from "../health/rejections.ts";

interface AdaptiveConcurrencyOptions {
  /** Never more than this. */
  readonly ceiling: number;
  /** If not, it is always the ceiling. */
  readonly adaptive: boolean;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** What limits that are known allow; Infinity where none is. */
  readonly startsPerMs: (weights: Weights) => number;
  readonly onChange: (from: number, to: number, reason: string) => void;
}

/** Where requests are larger than what a limit allows at once, all but the first of these are rejected; and to grow takes a moment. */
const initialCap = 2;
/** Rejections come at once, answers of a model may take a minute; so growth need not wait for answers. */
const fastGrowthMs = 250;
/** Where it is too much at last, what was added last is rejected: a third of all, where doubling would lose half. */
const fastGrowth = 0.5;
const growthMs = 1_000;
/** For each one that was rejected: if all were, half as many are tried next; one among a hundred says little. */
const cutForEach = 0.5;
/** So many of those in flight are cut even if they may be chance: a few in flight are soon too many again. */
const minShareToCut = 0.15;
/** Up to this share of what was in flight when it was cut it grows fast again, then carefully. */
const fastGrowthShare = 0.9;
const carefulGrowthShare = 0.05;

type CountedStart = Pick<Start, "inFlight" | "weights" | "leavesSlots" | "batchInFlight">;

/**
 * How many requests may be in flight: it starts low, grows by half until the server rejects requests, is cut once for each episode of
 * rejections, and then grows again. It grows only while it blocks requests, up to the ceiling.
 */
export class AdaptiveConcurrency implements Gate {
  cap: number;
  readonly #options: AdaptiveConcurrencyOptions;
  #fastUpTo = Infinity;
  #grewAtMs: number;
  #successes = 0;
  /** Whether it has blocked a request since it grew last. */
  #isUsed = false;

  constructor(options: AdaptiveConcurrencyOptions) {
    this.#options = options;
    this.cap = options.adaptive ? Math.min(options.ceiling, initialCap) : options.ceiling;
    this.#grewAtMs = options.clock();
  }

  blockedBy(start: CountedStart): BlockedBy | undefined {
    if (this.#hasRoom(start)) return undefined;
    const waitMs = this.#grownInMs(start.weights);
    if (this.#hasRoom(start)) return undefined;
    return { reason: "concurrency", amount: this.cap, ...(waitMs !== Infinity && { waitMs }) };
  }

  ended({ attempt, inFlight }: Pick<Ended, "attempt" | "inFlight">): void {
    if (!attempt.ok && attempt.failure.isLocal) {
      // Those in flight with it have what it lacks.
      this.cut({ inFlight, rejected: 1, isOverrun: true, failure: attempt.failure }, false);
    }
    if (!attempt.ok || !this.#isUsed) return;
    this.#successes += 1;
    if (this.#successes >= this.cap) this.#grow();
  }

  /** @param mayBeChance Whether single rejections may say nothing of the server. */
  cut({ inFlight, rejected, isOverrun, failure }: Omit<Episode, "beganAtMs">, mayBeChance: boolean): void {
    const isChance = mayBeChance && !isOverrun;
    if (!this.#options.adaptive || (isChance && rejected < inFlight * minShareToCut)) return;
    const from = isOverrun ? Math.min(this.cap, inFlight) : this.cap;
    if (!isChance) this.#fastUpTo = from * fastGrowthShare;
    this.#change(Math.max(1, from - Math.ceil(Math.min(rejected, from) * cutForEach)), failure.message);
  }

  #hasRoom({ inFlight, leavesSlots, batchInFlight }: CountedStart): boolean {
    return inFlight < this.cap && (!leavesSlots || batchInFlight < batchSlots(this.cap));
  }

  /** @returns Milliseconds after which it may have grown; 0 if it has; Infinity at the ceiling. */
  #grownInMs(weights: Weights): number {
    const { ceiling, clock, startsPerMs } = this.#options;
    if (this.cap >= ceiling) return Infinity;
    if (this.#growToPace(startsPerMs(weights))) return 0;
    const nowMs = clock();
    if (!this.#isUsed) {
      this.#isUsed = true;
      this.#grewAtMs = nowMs;
      this.#successes = 0;
    }
    const dueMs = this.#grewAtMs + (this.#isFast ? fastGrowthMs : growthMs) - nowMs;
    if (dueMs > 0) return dueMs;
    this.#grow();
    return 0;
  }

  get #isFast(): boolean {
    return this.cap < this.#fastUpTo;
  }

  /** A known limit says what the server bears: so many as start at that pace in the time in which it would grow need no finding out. */
  #growToPace(startsPerMs: number): boolean {
    const to = Math.min(this.#options.ceiling, Math.ceil(startsPerMs * fastGrowthMs));
    if (startsPerMs === Infinity || this.#fastUpTo !== Infinity || to <= this.cap) return false;
    this.#change(to, "the limits that are known allow as many");
    return true;
  }

  #grow(): void {
    const { ceiling } = this.#options;
    const step = this.#isFast
      ? Math.min(Math.ceil(this.cap * fastGrowth), Math.ceil(this.#fastUpTo - this.cap))
      : Math.ceil(this.cap * carefulGrowthShare);
    const to = Math.min(ceiling, this.cap + step);
    if (to !== this.cap) this.#change(to, "it was used and nothing was rejected");
  }

  #change(to: number, reason: string): void {
    const from = this.cap;
    this.cap = to;
    this.#isUsed = false;
    this.#successes = 0;
    this.#grewAtMs = this.#options.clock();
    if (from !== to) this.#options.onChange(from, to, reason);
  }
}
