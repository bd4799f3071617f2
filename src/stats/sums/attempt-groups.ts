import { type AttemptEnd, AttemptSums } from "./attempt-sums.ts";
import type { AttemptSumsJson } from "../token-stats-json.ts";

/** A file may name any number of models. Sums take 10 KB each. */
const maxNames = 100;
/** The sums of all further ones. */
const others = "(others)";

/** Sums by name: of each model, or of each provider. */
export class AttemptGroups {
  readonly #sums = new Map<string, AttemptSums>();

  /** Without those that have nothing left, once others were taken away. */
  get all(): ReadonlyMap<string, AttemptSums> {
    return new Map([...this.#sums].filter(([, { attempts }]) => attempts > 0));
  }

  /** Takes constant time. */
  add(name: string, attempt: AttemptEnd): void {
    this.#sumsOf(name).add(attempt);
  }

  /** @param times -1 takes them away. */
  addAll(groups: AttemptGroups, times: 1 | -1): void {
    for (const [name, sums] of groups.#sums) this.#sumsOf(name).addAll(sums, times);
  }

  /** What each cost, in US dollars; null where no price is known. */
  get costsUsd(): Readonly<Record<string, number | null>> {
    return Object.fromEntries([...this.all].map(([name, { costUsd }]) => [name, costUsd]));
  }

  toJSON(): Readonly<Record<string, AttemptSumsJson>> {
    return Object.fromEntries([...this.all].map(([name, sums]) => [name, sums.toJSON()]));
  }

  #sumsOf(name: string): AttemptSums {
    const known = this.#sums.get(name);
    if (known !== undefined) return known;
    if (this.#sums.size >= maxNames && name !== others) return this.#sumsOf(others);
    const sums = new AttemptSums();
    this.#sums.set(name, sums);
    return sums;
  }
}
