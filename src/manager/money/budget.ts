import type { Attempt } from "../../model/attempt.ts";
import type { Demand } from "../../model/demand.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { budgetExceeded, cancelled, type Failure } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import { formatCount, formatUsd } from "../../text/format-numbers.ts";
import { Account, type CapStatus, type Spending } from "./account.ts";
import { Reservation } from "./reservation.ts";
import { WorstCases, type WorstCaseOptions } from "./worst-case.ts";

export interface BudgetOptions extends Omit<WorstCaseOptions, "isPriced"> {
  /** In US dollars. */
  readonly maxCostUsd?: number | undefined;
  readonly maxTokensTotal?: number | undefined;
}

/** How much of each cap that is set is gone. */
export interface BudgetStatus {
  /** In US dollars. */
  readonly costUsd?: CapStatus;
  readonly tokens?: CapStatus;
}

/** Whose attempt is paid for. */
interface Spender {
  /** What is sent. */
  readonly asked: BatchRequest;
  /** Of the attempt under way. */
  reservation: Reservation | undefined;
}

/** Said when the budget has no room for an attempt and nothing under way can make any. @returns what becomes of the attempt. */
type OnUsedUp = (message: string) => Failure;

interface Wanted {
  readonly worst: Spending;
  readonly onUsedUp: OnUsedUp;
}

interface Waiting extends Wanted {
  readonly end: (outcome: Reservation | Failure) => void;
}

/** One dollar is so many units: less than any price of one token. */
const unitsPerDollar = 1e12;

/**
 * Keeps what is spent within caps, of all runs together: the worst case of each attempt is reserved before it waits for the limiter, and
 * settled by what it took. An attempt that has no room waits, first come first served, until others have settled. Where nothing is under way
 * any more and there is still no room, the budget is used up.
 */
export class Budget {
  readonly #worstCases: WorstCases;
  readonly #cost: Account | undefined;
  readonly #tokens: Account | undefined;
  readonly #accounts: readonly Account[];
  readonly #waiting: Waiting[] = [];
  /** Reservations that have not ended. */
  #open = 0;

  /** @throws ConfigurationError for a cap that is none, and for one on money without prices. */
  constructor({ provider, prices, maxCostUsd, maxTokensTotal }: BudgetOptions) {
    checkCap("maxCostUsd", maxCostUsd);
    checkCap("maxTokensTotal", maxTokensTotal);
    if (maxCostUsd !== undefined && prices === undefined)
      throw new ConfigurationError("`maxCostUsd` needs `prices`: what requests cost is not known", { option: "maxCostUsd" });
    this.#worstCases = new WorstCases({ provider, prices, isPriced: maxCostUsd !== undefined });
    this.#cost = maxCostUsd === undefined ? undefined : new Account(maxCostUsd, "costUsd", unitsPerDollar);
    this.#tokens = maxTokensTotal === undefined ? undefined : new Account(maxTokensTotal, "tokens", 1);
    this.#accounts = [this.#cost, this.#tokens].filter((account) => account !== undefined);
  }

  /**
   * Runs one attempt within the budget. Function-shaped, so no reservation can be lost.
   *
   * @param signal Ends the wait for room, not the attempt.
   * @param ask Waits for the limiter, and asks. What `sendAttempt` learns it settles with the spender's reservation.
   */
  run(spender: Spender, demand: Demand, signal: AbortSignal, onUsedUp: OnUsedUp, ask: () => Promise<Attempt>): Promise<Attempt> {
    return this.#accounts.length === 0 ? ask() : this.#runWithin(spender, demand, signal, onUsedUp, ask);
  }

  status(): BudgetStatus {
    return {
      ...(this.#cost !== undefined && { costUsd: this.#cost.status() }),
      ...(this.#tokens !== undefined && { tokens: this.#tokens.status() }),
    };
  }

  async #runWithin(
    spender: Spender,
    demand: Demand,
    signal: AbortSignal,
    onUsedUp: OnUsedUp,
    ask: () => Promise<Attempt>,
  ): Promise<Attempt> {
    const worst = this.#worstCases.of(spender.asked, demand);
    if (typeof worst === "string") return { ok: false, failure: budgetExceeded(worst) };
    if (this.#accounts.some((account) => account.isAboveCap(worst)))
      return { ok: false, failure: budgetExceeded(this.#describeTooDear(worst)) };
    const reservation = await this.#reserve({ worst, onUsedUp }, signal, demand.goesFirst);
    if (!(reservation instanceof Reservation)) return { ok: false, failure: reservation };
    spender.reservation = reservation;
    try {
      return await ask();
    } finally {
      reservation.release();
      spender.reservation = undefined;
    }
  }

  /** @param goesFirst It was asked before, and came before all that wait. */
  #reserve(wanted: Wanted, signal: AbortSignal, goesFirst = false): Promise<Reservation | Failure> {
    return new Promise((resolve) => {
      const leave = (): void => {
        const index = this.#waiting.indexOf(waiting);
        if (index === -1) return; // its own end stops its run
        this.#waiting.splice(index, 1);
        waiting.end(cancelled("cancelled while waiting for room in the budget"));
        this.#admit();
      };
      const waiting: Waiting = {
        ...wanted,
        end: (outcome) => {
          signal.removeEventListener("abort", leave);
          resolve(outcome);
        },
      };
      if (goesFirst) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave);
      this.#admit();
    });
  }

  /** Lets those in that have room. `onUsedUp` may abort the signals of others that wait, which then leave. */
  #admit(): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const { worst, onUsedUp, end } = head;
      const fits = this.#accounts.every((account) => account.fits(worst));
      if (!fits && this.#open > 0) return;
      this.#waiting.shift();
      end(fits ? this.#openFor(worst) : onUsedUp(this.#describeEnd(worst)));
    }
  }

  #openFor(worst: Spending): Reservation {
    this.#open += 1;
    return new Reservation(this.#accounts, worst, () => {
      this.#open -= 1;
      this.#admit();
    });
  }

  #describeTooDear(worst: Spending): string {
    const { costUsd, tokens } = this.status();
    const caps = listed(costUsd && formatUsd(costUsd.cap), tokens && `${formatCount(tokens.cap)} tokens`);
    return `the request alone ${this.#describeWorst(worst)}, and the cap is ${caps}: let its answer be shorter, or raise the cap`;
  }

  #describeWorst(worst: Spending): string {
    const cost = this.#cost && `could cost ${formatUsd(worst.costUsd)}`;
    return listed(cost, this.#tokens && `could take ${formatCount(worst.tokens)} tokens`);
  }

  #describeEnd(worst: Spending): string {
    const { costUsd, tokens } = this.status();
    const spent = listed(
      costUsd && `${formatUsd(costUsd.spent)} of ${formatUsd(costUsd.cap)} is spent`,
      tokens && `${formatCount(tokens.spent)} of ${formatCount(tokens.cap)} tokens are used`,
    );
    const held = [costUsd?.held && formatUsd(costUsd.held), tokens?.held && `${formatCount(tokens.held)} tokens`];
    const heldToo = held.some(Boolean) ? `, ${listed(...held)} more may be billed for requests that got no whole answer` : "";
    return `${spent}${heldToo}, and the next request ${this.#describeWorst(worst)}`;
  }
}

function listed(...texts: readonly (string | number | undefined)[]): string {
  return texts.filter(Boolean).join(" and ");
}

function checkCap(option: string, cap: number | undefined): void {
  if (cap !== undefined && !(cap > 0 && cap < Infinity))
    throw new ConfigurationError(`\`${option}\` must be a number above 0`, { option });
}
