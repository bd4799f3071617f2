import type { Attempt } from "../../model/attempt.ts";
import { totalTokens, type Usage } from "../../model/usage.ts";
import type { Account, Spending } from "./account.ts";

const nothing: Spending = { costUsd: 0, tokens: 0 };

/** The worst case of one attempt, kept free for it until what it took is known. */
export class Reservation {
  readonly #accounts: readonly Account[];
  readonly #worst: Spending;
  readonly #onEnd: () => void;
  #hasEnded = false;

  /** @param onEnd Called once, when it ends. */
  constructor(accounts: readonly Account[], worst: Spending, onEnd: () => void) {
    this.#accounts = accounts;
    this.#worst = worst;
    this.#onEnd = onEnd;
    for (const account of accounts) account.reserve(worst);
  }

  /**
   * The connection was lost when the request had gone out, so that it has to go out again within the same attempt.
   *
   * @returns whether there is room for one more worst case: the first one may have been billed.
   */
  again(): boolean {
    if (!this.#accounts.every((account) => account.fits(this.#worst))) return false;
    for (const account of this.#accounts) {
      account.reserve(this.#worst);
      account.hold(this.#worst, nothing);
    }
    return true;
  }

  /** The attempt has ended. @param costUsd Of its usage; null where its price is not known. */
  settle(attempt: Attempt, usage: Usage | undefined, costUsd: number | null): void {
    if (this.#hasEnded) return;
    const real = { costUsd: costUsd ?? 0, tokens: usage === undefined ? 0 : totalTokens(usage) };
    const isTold = real.tokens > 0 || real.costUsd > 0;
    const isWhole = isTold && (attempt.ok || !attempt.isUsagePartial);
    for (const account of this.#accounts) {
      if (isWhole && (account.of === "tokens" || costUsd !== null)) account.settle(this.#worst, real);
      else if (!isTold && isUnbilled(attempt)) account.release(this.#worst);
      else account.hold(this.#worst, real);
    }
    this.#end();
  }

  /** Nothing was sent, unless it was settled. */
  release(): void {
    if (this.#hasEnded) return;
    for (const account of this.#accounts) account.release(this.#worst);
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#onEnd();
  }
}

/** Errors of HTTP are not billed; what fails otherwise, having been sent, may be. */
function isUnbilled(attempt: Attempt): boolean {
  if (attempt.ok) return false;
  return attempt.isUnbilled === true || (attempt.failure.statusCode ?? 0) >= 300;
}
