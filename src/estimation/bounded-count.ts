/** How a request's tokens are found. */
export interface TokenCounts<Request> {
  readonly fast: (request: Request) => number;
  /** Undefined where only the fast way is wanted, as is what it returns where there is no other. */
  readonly exact?: ((request: Request) => number | undefined) | undefined;
}

/** What was found of a request. */
export interface Count {
  readonly tokens: number;
  readonly isExact: boolean;
}

/** After so long the first request of a million has its exact count, and the others theirs by the ratio that was seen. */
const defaultBudgetMs = 4_000;

/** Counts exactly as long as that takes no longer than a few seconds in all; then what the fast way says is scaled, model by model. */
export class BoundedCount<Request extends { readonly model: string }> {
  readonly #counts: TokenCounts<Request>;
  readonly #budgetMs: number;
  readonly #now: () => number;
  readonly #sums = new Map<string, { fast: number; exact: number }>();
  #spentMs = 0;

  constructor(counts: TokenCounts<Request>, budgetMs: number = defaultBudgetMs, now: () => number = () => performance.now()) {
    this.#counts = counts;
    this.#budgetMs = budgetMs;
    this.#now = now;
  }

  of(request: Request): Count {
    const fast = this.#counts.fast(request);
    const { exact } = this.#counts;
    if (exact === undefined) return { tokens: fast, isExact: false };
    if (this.#spentMs >= this.#budgetMs) return { tokens: Math.round(fast * this.#ratio(request.model)), isExact: false };
    const startedAt = this.#now();
    const tokens = exact(request);
    if (tokens === undefined) return { tokens: fast, isExact: false };
    this.#spentMs += this.#now() - startedAt;
    this.#note(request.model, fast, tokens);
    return { tokens, isExact: true };
  }

  #ratio(model: string): number {
    const { fast, exact } = this.#sums.get(model) ?? { fast: 0, exact: 0 };
    return fast > 0 ? exact / fast : 1;
  }

  #note(model: string, fast: number, exact: number): void {
    const sums = this.#sums.get(model);
    if (sums === undefined) this.#sums.set(model, { fast, exact });
    else {
      sums.fast += fast;
      sums.exact += exact;
    }
  }
}
