import type { Calls } from "./attempt.ts";
import type { Failure } from "./failure.ts";
import type { LimitSource, RateLimit } from "./rate-limit.ts";
import type { LineResult } from "./result.ts";
import type { Usage } from "./usage.ts";

/**
 * What a run emits while it works. Observers are called synchronously on the hot path and must return at once. What one throws costs the line
 * that the event is of, which fails as `internal`.
 */
export type RunEvent =
  | {
      readonly type: "request-start";
      readonly customId: string;
      readonly lineNumber: number;
      /** Of a server, where it has several. */
      readonly client?: string | undefined;
    }
  | {
      /** It is sent otherwise than it was written (`context`, `sanitize`). */
      readonly type: "request-changed";
      readonly customId: string;
      readonly lineNumber: number;
      /** What its model is known to refuse: `temperature`, `max_tokens -> max_completion_tokens`, `+max_tokens=4096`. */
      readonly sanitized: readonly string[];
      /** The oldest turns, of a request that was too long: `messages[1]`. */
      readonly truncated: readonly string[];
    }
  | {
      readonly type: "attempt-start";
      readonly customId: string;
      readonly lineNumber: number;
      /** 1 for the first. */
      readonly attempt: number;
      /** How long it waited for limits, a pause or a free slot. */
      readonly waitedMs: number;
      /** The name of its target, if the provider has several. */
      readonly target?: string | undefined;
    }
  | {
      readonly type: "attempt-end";
      readonly customId: string;
      readonly lineNumber: number;
      readonly attempt: number;
      /** The name of its target: of a provider and, where it has several keys, the key's number. */
      readonly provider: string;
      /** As the provider calls it. */
      readonly model: string;
      readonly durationMs: number;
      /** What the attempt used, also when it failed after being billed. */
      readonly usage?: Usage | undefined;
      /** Of that usage, in US dollars; null where the price is not known, undefined where nothing was used. */
      readonly costUsd?: number | null | undefined;
      readonly failure?: Failure | undefined;
      /** The HTTP calls that it stands for, where those were made elsewhere. @default one: itself */
      readonly calls?: Calls | undefined;
    }
  | {
      readonly type: "retry-wait";
      readonly customId: string;
      readonly lineNumber: number;
      /** The attempt that failed. */
      readonly attempt: number;
      readonly waitMs: number;
      readonly failure: Failure;
    }
  | LimiterEvent
  | { readonly type: "warning"; readonly message: string; readonly customId?: string; readonly lineNumber?: number }
  | { readonly type: "request-end"; readonly result: LineResult };

/** What a limiter does about a provider that throttles, or tells how much it allows. */
export type LimiterEvent = { readonly provider: string; readonly model: string } & (
  | {
      /** All requests for that provider and model wait. Emitted once per episode. */
      readonly type: "pause";
      readonly pauseMs: number;
      readonly reason: string;
    }
  | {
      /** A limit that was not set: the pace keeps to it from now on. */
      readonly type: "limit-learned";
      readonly limit: RateLimit;
      readonly source: Exclude<LimitSource, "configured">;
    }
  | {
      /** How many requests may be in flight was cut or has grown. */
      readonly type: "concurrency";
      readonly from: number;
      readonly to: number;
      readonly reason: string;
    }
  | {
      /** All requests fail there (`open`), one tries (`probe`), one got through again (`closed`). */
      readonly type: "circuit";
      readonly state: "open" | "probe" | "closed";
      readonly reason: string;
      /** Until the next probe; 0 unless open. */
      readonly waitMs: number;
      /** It answers, if only with errors or too late. It is spared while others can be asked, not when it is the only one. */
      readonly isReachable: boolean;
    }
);

/** Receives each event as it happens. */
export type Observer = (event: RunEvent) => void;
