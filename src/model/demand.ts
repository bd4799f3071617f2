import type { Cost } from "./cost.ts";
import type { RateLimit } from "./rate-limit.ts";

/** One destination of requests: a provider, with one of its keys. Limits are kept for each such object. */
export interface Target {
  /** For people and logs: `openai`, or `openai, key 2`. */
  readonly name: string;
  /** Where its requests go, without what may be secret: whose prices, windows and rules are meant. Undefined for a provider of a program's own. */
  readonly baseUrl?: string | undefined;
  /** Names a provider and its key without telling the key, alike on all machines. @default `name` */
  readonly account?: string | undefined;
  /** Those that the user set for it. */
  readonly limits?: readonly RateLimit[] | undefined;
  /** In flight at most, over all models. Targets with the same object share it. @default as many as the limiter allows */
  readonly concurrency?: { readonly max: number } | undefined;
  /** Attempts after the first there, of one request. @default as many as the retry policy allows */
  readonly maxRetries?: number | undefined;
  /** Whether it was found to be of no use: its key is refused, for example. @default never */
  isEvicted?(): boolean;
}

/** A target that could take a request. */
export interface Candidate {
  readonly target: Target;
  readonly cost: Cost;
  /** Those of the lowest rank are asked, as long as one of them is neither paused nor unreachable. */
  readonly rank: number;
  /** How much of the load it takes, beside the others of its rank. Above 0. */
  readonly weight: number;
}

/** Live requests go before those of batches. */
export type Band = "live" | "batch";

/** Who asks: whose turn it is where several wait. */
export interface Asker {
  readonly band: Band;
  /** Whose share it counts against. */
  readonly client: string;
  /** Of its share, beside the other clients of its band. Above 0. */
  readonly weight: number;
}

/** A run, unless it says otherwise. */
export const batchAsker: Asker = { band: "batch", client: "", weight: 1 };

/** A live request, unless it says otherwise. */
export const liveAsker: Asker = { band: "live", client: "", weight: 1 };

/** What a request needs to start. */
export interface Demand {
  /** Requests with the same name have the same candidates and wait in one queue: the model's name. */
  readonly model: string;
  /** At least one, those of lower rank first. */
  readonly candidates: readonly Candidate[];
  /** It was asked before, and starts before those that were not. @default false */
  readonly goesFirst?: boolean;
  /** @default a batch without a name */
  readonly asker?: Asker | undefined;
}

/** Of a request that has one target only. */
export function demandOf(target: Target, cost: Cost): Demand {
  return { model: cost.model, candidates: [{ target, cost, rank: 0, weight: 1 }] };
}
