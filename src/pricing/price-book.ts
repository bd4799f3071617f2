import type { Usage } from "../model/usage.ts";

/** Whose model it is. */
export interface PricedModel {
  /** Where its requests go. */
  readonly baseUrl: string | undefined;
  /** The name of its target, for prices that are set for one provider: `openai`, or `openai, key 2`. */
  readonly provider: string;
  /** As the provider calls it. */
  readonly model: string;
}

/** What models cost and hold. Its tables are in memory: each method returns at once. All money is in US dollars. */
export interface PriceBook {
  /** The day of the tables, as in `2026-09-23`; undefined where only prices of the user's own are known. */
  readonly date: string | undefined;

  /**
   * What an answer was billed: what the provider reports, if it does. Depends on its arguments and the hour alone, and keeps nothing of them.
   *
   * @returns to a billionth of a dollar; null where the price is not known, and where the usage has no tokens.
   */
  costOf(usage: Usage, model: PricedModel): number | null;

  /** Of a model: the tokens that request and answer may have together. @returns undefined where that is not known. */
  contextWindowOf(model: PricedModel): number | undefined;
}
