import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import type { RateLimit } from "./rate.ts";
import { unusedTokens } from "./settlement.ts";

/** What some requests need together. */
export interface Group {
  readonly requests: number;
  readonly tokens: number;
}

export interface RatesOptions {
  readonly requests: RateLimit | undefined;
  readonly tokens: RateLimit | undefined;
  /** Called once, for the first request that is larger than a whole minute's tokens. */
  readonly onTooLarge: (tokens: number, tokensPerMinute: number) => void;
}

/**
 * Requests per minute and tokens per minute, taken together: nothing is taken from one while the other is waited for.
 *
 * To start, a request needs a permit, which takes some milliseconds to get and is asked for ahead, and room. A permit takes nothing;
 * starting does.
 */
export class Rates {
  readonly #options: RatesOptions;
  readonly areSet: boolean;
  /** What may still start under the last permit. */
  #permit: Group;
  #isAsking = false;
  #hasWarned = false;

  constructor(options: RatesOptions) {
    this.#options = options;
    this.areSet = options.requests !== undefined || options.tokens !== undefined;
    this.#permit = this.areSet ? { requests: 0, tokens: 0 } : { requests: Infinity, tokens: Infinity };
  }

  /** What could be started now, given a permit. */
  get room(): Group {
    const { requests, tokens } = this.#options;
    return { requests: requests?.room ?? Infinity, tokens: tokens?.room ?? Infinity };
  }

  get permit(): Group {
    return this.#permit;
  }

  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Milliseconds until there is room for a request; 0 if now. One that is larger than a reservoir has room when that is full. */
  waitMs(cost: Cost): number {
    const { requests, tokens } = this.#options;
    return Math.max(requests?.waitMs(1) ?? 0, tokens?.waitMs(cost.tokens) ?? 0);
  }

  /** Which limit a request waits for longest. */
  bindingOf(cost: Cost): "requests" | "tokens" {
    const { requests, tokens } = this.#options;
    return (requests?.waitMs(1) ?? 0) > (tokens?.waitMs(cost.tokens) ?? 0) ? "requests" : "tokens";
  }

  isPermitted(cost: Cost): boolean {
    return this.#permit.requests > 0 && this.#permit.tokens >= cost.tokens;
  }

  /** Gets a permit in place of the last one. To be called only when there is room for `group`, and not while `isAsking`. */
  async ask(group: Group): Promise<void> {
    const { requests, tokens } = this.#options;
    this.#isAsking = true;
    await Promise.all([requests?.permit(group.requests), tokens?.permit(group.tokens)]);
    this.#isAsking = false;
    this.#permit = group;
  }

  /** Takes what a request costs, when it starts. */
  take(cost: Cost): void {
    const { requests, tokens } = this.#options;
    this.#permit = { requests: this.#permit.requests - 1, tokens: this.#permit.tokens - cost.tokens };
    requests?.take(1);
    tokens?.take(cost.tokens);
  }

  /** Replaces the tokens that were taken by those really used. The request itself stays taken: failed ones count as well. */
  settle(cost: Cost, attempt: Attempt): void {
    this.#options.tokens?.giveBack(unusedTokens(cost.tokens, attempt));
  }

  warnIfTooLarge(cost: Cost): void {
    const { tokens, onTooLarge } = this.#options;
    if (this.#hasWarned || tokens === undefined || cost.tokens <= tokens.perMinute) return;
    this.#hasWarned = true;
    onTooLarge(cost.tokens, tokens.perMinute);
  }
}
