import type { LimitSource, Measure } from "../model/rate-limit.ts";

/** What holds requests back: a limit on what it is named after, or one of the others. */
export type Binding = "nothing" | "concurrency" | Measure | "pause" | "circuit";

/** Why the next request may not start now. */
export interface Hold {
  readonly binding: Exclude<Binding, "nothing">;
  /** After which it is worth looking again; undefined where an event will end it. */
  readonly waitMs?: number;
  /** How much is allowed: by the limit's period, or in flight. */
  readonly amount?: number;
  /** Of a limit. */
  readonly source?: LimitSource;
}
