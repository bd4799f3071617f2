import { limitUnits, type RateLimit } from "../model/rate-limit.ts";
import { type LimitScope, type ScopedLimit, type SharedLimitStatus, sharedPaceOf } from "../limiters/limiters.ts";
import { limitKey } from "./limit-keys.ts";
import { type LearnedLimit, readLearned } from "./read-reply.ts";

/** The limits of one target, as the script takes them. */
export class KeptLimits {
  status: readonly SharedLimitStatus[] = [];
  keys: readonly string[] = [];
  /** In the order of `keys`. */
  asked: readonly object[] = [];
  learnedText = "";
  learned: readonly LearnedLimit[] = [];
  readonly #scope: Required<LimitScope>;
  readonly #prefix: string;
  readonly #configured: readonly ScopedLimit[];

  constructor(prefix: string, scope: Required<LimitScope>, configured: readonly ScopedLimit[]) {
    this.#prefix = prefix;
    this.#scope = scope;
    this.#configured = configured;
    this.learn("");
  }

  /** @param text As Redis keeps it. */
  learn(text: string): void {
    const before = new Map(this.keys.map((key, index) => [key, this.status[index]?.available]));
    this.learnedText = text;
    this.learned = readLearned(text, this.#scope.model ?? "");
    const kept = new Map<string, SharedLimitStatus>();
    const keep = (key: string, limit: RateLimit, about: Pick<SharedLimitStatus, "source" | "isCommon">): void => {
      kept.set(key, { ...limit, ...about, available: before.get(key) ?? limit.amount });
    };
    for (const { limit, scope } of this.#configured) {
      const key = `${limitKey(this.#prefix, scope)}:${limit.unit}:${limit.periodMs}`;
      const known = kept.get(key);
      if (known === undefined || limit.amount < known.amount)
        keep(key, limit, isCommon(scope) ? { source: "configured", isCommon: true } : { source: "configured" });
    }
    for (const { limit, source } of this.learned) keep(this.learnedKey(limit), limit, { source });
    this.keys = [...kept.keys()];
    this.status = [...kept.values()];
    this.asked = this.status.map((limit) => ({ ...sharedPaceOf(limit), unit: limitUnits.indexOf(limit.unit) + 1 }));
  }

  learnedKey({ unit }: RateLimit): string {
    return `${limitKey(this.#prefix, this.#scope)}:${unit}:learned`;
  }

  /** @param available Of each, in the order of `keys`. */
  note(available: readonly number[]): void {
    this.status = this.status.map((limit, index) => Object.assign({}, limit, { available: Math.floor(available[index] ?? 0) }));
  }
}

function isCommon({ account, model }: LimitScope): boolean {
  return account === undefined && model === undefined;
}
