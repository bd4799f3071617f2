export interface AdaptiveConcurrencyOptions {
  /** Never more than this. */
  readonly ceiling: number;
  /** If not, it is always the ceiling. */
  readonly adaptive: boolean;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onChange: (from: number, to: number, reason: string) => void;
}

/** Where requests are larger than what a limit allows at once, all but the first of these are refused; and to grow takes a moment. */
const initialCap = 2;
/** Refusals come at once, answers of a model may take a minute; so growth need not wait for answers. */
const fastGrowthMs = 250;
/** Where it is too much at last, what was added last is refused: a third of all, where doubling would lose half. */
const fastGrowth = 0.5;
const growthMs = 1_000;
/** For each one that was turned away: if all were, half as many are tried next; one among a hundred says little. */
const cutForEach = 0.5;
/** Up to this share of what was in flight when it was cut it grows fast again, then carefully. */
const fastGrowthShare = 0.9;
const carefulGrowthShare = 0.05;

/**
 * How many requests may be in flight, found out: it starts low, grows by half until the server turns somebody away, is cut once for each
 * episode of refusals, and then grows again. It grows only while it is really what holds requests back, and always may, up to the ceiling.
 */
export class AdaptiveConcurrency {
  readonly #options: AdaptiveConcurrencyOptions;
  #cap: number;
  #fastUpTo = Infinity;
  #grewAtMs: number;
  #successes = 0;
  /** Whether it has held a request back since it grew last. */
  #isUsed = false;

  constructor(options: AdaptiveConcurrencyOptions) {
    this.#options = options;
    this.#cap = options.adaptive ? Math.min(options.ceiling, initialCap) : options.ceiling;
    this.#grewAtMs = options.clock();
  }

  get cap(): number {
    return this.#cap;
  }

  /**
   * To be called when it holds somebody back.
   *
   * @param startsPerMs What limits that are known allow; Infinity where none is.
   * @returns Milliseconds after which it may have grown; 0 if it has; Infinity at the ceiling.
   */
  holdBack(startsPerMs: number): number {
    const { ceiling, clock } = this.#options;
    if (this.#cap >= ceiling) return Infinity;
    if (this.#growToPace(startsPerMs)) return 0;
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

  observeSuccess(): void {
    if (!this.#isUsed) return;
    this.#successes += 1;
    if (this.#successes >= this.#cap) this.#grow();
  }

  /**
   * @param inFlight How many were under way when the server turned the first away, where they were too many.
   * @param refused How many of them it turned away.
   */
  cut(inFlight: number, refused: number, reason: string, isCertain = true): void {
    if (!this.#options.adaptive) return;
    const from = Math.min(this.#cap, inFlight);
    if (isCertain) this.#fastUpTo = from * fastGrowthShare;
    this.#change(Math.max(1, from - Math.ceil(Math.min(refused, from) * cutForEach)), reason);
  }

  get #isFast(): boolean {
    return this.#cap < this.#fastUpTo;
  }

  /** A known limit says what the server bears: so many as start at that pace in the time in which it would grow need no finding out. */
  #growToPace(startsPerMs: number): boolean {
    const to = Math.min(this.#options.ceiling, Math.ceil(startsPerMs * fastGrowthMs));
    if (startsPerMs === Infinity || this.#fastUpTo !== Infinity || to <= this.#cap) return false;
    this.#change(to, "the limits that are known allow as many");
    return true;
  }

  #grow(): void {
    const { ceiling } = this.#options;
    const step = this.#isFast
      ? Math.min(Math.ceil(this.#cap * fastGrowth), Math.ceil(this.#fastUpTo - this.#cap))
      : Math.ceil(this.#cap * carefulGrowthShare);
    const to = Math.min(ceiling, this.#cap + step);
    if (to !== this.#cap) this.#change(to, "it was used and nothing was refused");
  }

  #change(to: number, reason: string): void {
    const from = this.#cap;
    this.#cap = to;
    this.#isUsed = false;
    this.#successes = 0;
    this.#grewAtMs = this.#options.clock();
    if (from !== to) this.#options.onChange(from, to, reason);
  }
}
