import type { LimitSource, LimitUnit, RateLimit, Weights } from "../model/rate-limit.ts";

/** Whose requests are counted together. */
export interface LimitScope {
  /** A provider with one of its keys, see `Target.account`. @default all of them */
  readonly account?: string | undefined;
  /** @default all of them */
  readonly model?: string | undefined;
}

/** A limit that the user set, and whose requests it counts. */
export interface ScopedLimit {
  readonly limit: RateLimit;
  readonly scope: LimitScope;
}

/** A limit that is kept together, as it was when the process last heard of it. */
export interface SharedLimitStatus extends RateLimit {
  readonly source: LimitSource;
  /** How much could start then; below 0 while a debt is paid off. */
  readonly available: number;
  /** It counts the requests of all models and targets together. @default false */
  readonly isCommon?: boolean;
}

/** What a process may start. What it does not report comes back by itself when the lease expires, after seconds. */
export interface SharedLease {
  readonly id: string;
  readonly amounts: Weights;
  /** Milliseconds until it may be used: it is reserved, and its turn comes then. */
  readonly startsInMs: number;
  /** What it waits for until then. */
  readonly unit: LimitUnit;
}

/** What came of asking for a lease. */
export type Taken =
  | { readonly type: "lease"; readonly lease: SharedLease }
  /** Nothing was taken: too many are before it, or a quota is used up. */
  | { readonly type: "rejected"; readonly retryInMs: number; readonly unit: LimitUnit }
  /** Nothing was taken: there is a pause, or the limits are others than this process knew, or cannot be reached. `onChange` follows. */
  | { readonly type: "changed" };

/** What a process hears of others. */
export interface SharedLimitsListener {
  /** It may be worth asking again. */
  onChange(): void;
  /** Another process was told to wait. */
  onPause(pauseMs: number, reason: string): void;
  /** Another process was told a limit. */
  onLearned(limit: RateLimit, source: "headers" | "errors"): void;
}

/** What all processes together may ask of one model at one provider and key. Figures are as the process last heard. */
export interface SharedTarget {
  /** Whether limits and pauses are known. If not, nothing may start. */
  readonly isReachable: boolean;
  /** Those that are set, and those that were learned. */
  readonly limits: readonly SharedLimitStatus[];
  /** Milliseconds until requests may start; 0 when there is no pause. */
  readonly pauseMs: number;
  /** What the server said that the pause goes by. */
  readonly pauseReason: string;
  /** Takes from all limits at once, or from none. Called one at a time. Never rejects. */
  take(amounts: Weights): Promise<Taken>;
  /** A lease is used no more. @param left What was not started of it; below 0 what was started beyond it. */
  report(lease: SharedLease, left: Weights): void;
  /** Gives back what was taken and not used; below 0 it was more. @param ageMs How long ago it was taken. */
  settle(unused: Weights, ageMs: number): void;
  /** No process starts anything for so long. It never shortens a pause. */
  pause(pauseMs: number, reason: string): void;
  /** The provider told a limit: all processes keep to it. */
  learn(limit: RateLimit, source: "headers" | "errors"): void;
  /** Hears of nothing any more. */
  close(): void;
}

/** Limits that several processes keep together. */
export interface SharedLimits {
  /** @param scope Of pauses, and of what is learned. @param limits Those that the user set and that count its requests. */
  open(scope: Required<LimitScope>, limits: readonly ScopedLimit[], listener: SharedLimitsListener): SharedTarget;
  /** Closes its connections. Nothing starts any more. */
  close(): Promise<void>;
}
