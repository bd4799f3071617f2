import type { LimitUnit } from "./rate-limit.ts";

/**
 * Every way in which one line can fail. These are the `error.code` values of the output; scripts depend on them. `provider_error` is said of
 * several targets that were asked, of which none could answer.
 */
export const failureKinds = [
  "invalid_line",
  "duplicate_custom_id",
  "invalid_request",
  "authentication",
  "permission",
  "not_found",
  "model_not_found",
  "context_length_exceeded",
  "content_filter",
  "insufficient_quota",
  "rate_limit",
  "overloaded",
  "server_error",
  "network",
  "timeout",
  "invalid_response",
  "incomplete_stream",
  "provider_error",
  "schema_mismatch",
  "incomplete_output",
  "budget_exceeded",
  "deadline_exceeded",
  "cancelled",
  "internal",
] as const;

/** See `failureKinds`. */
export type FailureKind = (typeof failureKinds)[number];

/**
 * Why a request has no answer. A value, never thrown. Whether asking again can help is decided once, where the failure is first
 * understood, from body fields, status and headers.
 */
export interface Failure {
  readonly kind: FailureKind;
  /** For a person: what happened. Free of secrets. */
  readonly message: string;
  readonly retryable: boolean;
  /** Where the next attempt fails alike, it is the last. */
  readonly isFinalIfRepeated?: true;
  readonly statusCode?: number;
  /** How long the server asked to be left alone, in milliseconds from the moment its response arrived. */
  readonly retryAfterMs?: number;
  /** What the limit counts that throttled the request, where the server said. */
  readonly limitUnit?: LimitUnit;
  /** If there are several targets: what came of each that was asked, in the order in which they were first asked. */
  readonly providersTried?: readonly TriedProvider[];
  /** Each request would fail there alike: the address is wrong, or TLS or the proxy refuses it. */
  readonly isForAll?: true;
  /** A target is left where the request has not failed: it need not wait before it goes there. */
  readonly canGoElsewhere?: true;
  /** The limiter lets nothing through before the time that the server asked for is over: the request need not wait for that elsewhere. */
  readonly isHeldBack?: true;
  /** This machine lacks what a connection needs, such as file descriptors: it says nothing of the server, and costs time and no retry. */
  readonly isLocal?: true;
  /** How many retries its target's own bound leaves, in place of the retry policy's. */
  readonly retriesLeft?: number;
  /** Set while no request gets through to the server: another attempt then costs time and no retry. */
  readonly outage?: Outage;
  /** Set where every target rejects requests for longer than one may wait. */
  readonly closure?: Closure;
}

/** What came of one target that was asked. */
export interface TriedProvider {
  /** As people know it: `openai`, or `openai, key 2`. */
  readonly provider: string;
  readonly kind: FailureKind;
  readonly message: string;
  readonly statusCode?: number;
}

/** No request gets through to a server. */
export interface Outage {
  /** How long by now. */
  readonly forMs: number;
  /** Whether a request ever did, in this run. If not, the address may be wrong. */
  readonly wasReached: boolean;
}

/** Limits or overload let no request through. */
export interface Closure {
  /** How long by now. */
  readonly forMs: number;
  /** Until a target opens. */
  readonly opensInMs: number;
}

/** Statuses of gateways that cannot reach the server behind them (RFC 9110; 520 to 524 are Cloudflare's). */
const gatewayStatuses: ReadonlySet<number> = new Set([502, 503, 504, 520, 521, 522, 523, 524]);

/** The request did not get through to the server, which may be down for all requests alike. */
export function isUnreachable({ kind, statusCode, isLocal }: Failure): boolean {
  return (
    (kind === "network" && !isLocal) || (kind === "server_error" && statusCode !== undefined && gatewayStatuses.has(statusCode))
  );
}

/** Throttled: the server did no work, so another attempt costs time and no retry. */
export function isThrottled(failure: Failure): boolean {
  return failure.retryable && (failure.kind === "rate_limit" || failure.kind === "overloaded");
}

/** Another provider may do better. */
export function isProvidersFault(failure: Failure): boolean {
  return failure.retryable && !isThrottled(failure) && !failure.isLocal;
}

/** Failures that say something of the request, or of the run, and nothing of the provider. */
const ownKinds: ReadonlySet<FailureKind> = new Set([
  "invalid_line",
  "duplicate_custom_id",
  "invalid_request",
  "context_length_exceeded",
  "content_filter",
  "schema_mismatch",
  "incomplete_output",
  "budget_exceeded",
  "deadline_exceeded",
  "cancelled",
  "internal",
]);

/** Several were asked, and none of them was able to answer. */
export function hasFailedEverywhere({ kind, providersTried = [] }: Failure): boolean {
  return providersTried.length > 1 && !ownKinds.has(kind);
}

/** Of a failure, or of each target where several were asked and failed. */
export function kindsOf({ kind, providersTried = [] }: Failure): readonly FailureKind[] {
  return kind === "provider_error" ? providersTried.map((tried) => tried.kind) : [kind];
}

const modelRefusals = ["not_found", "model_not_found", "permission", "insufficient_quota"] as const;
const keyRefusals = ["authentication", "insufficient_quota"] as const;

/** What later requests of the same key or model share, so that going on would burn through the file. */
export type SharedFailureKind = (typeof modelRefusals)[number] | (typeof keyRefusals)[number];

type Refusal<Kind> = Failure & { readonly kind: Kind };

/** A target does not serve the model, or no more; another may. */
export function isModelRefusal(failure: Failure): failure is Refusal<(typeof modelRefusals)[number]> {
  return isModelRefusalKind(failure.kind);
}

export function isModelRefusalKind(kind: FailureKind): boolean {
  return modelRefusals.some((refusal) => refusal === kind);
}

/** A target's key is of no use, whatever the model. */
export function isKeyRefusal(failure: Failure): failure is Refusal<(typeof keyRefusals)[number]> {
  return keyRefusals.some((kind) => kind === failure.kind);
}

/** @param message Whole, for a person: it names the model. */
export function modelNotFound(message: string): Failure {
  return { kind: "model_not_found", message, retryable: false };
}

/** @param why In words for a person. */
export function unservedModel(model: string, why: string): Failure {
  return modelNotFound(`no provider serves the model ${JSON.stringify(model)}: ${why}`);
}

export function cancelled(message: string): Failure {
  return { kind: "cancelled", message, retryable: false };
}

/** What it could cost at most does not fit into what may be spent. */
export function budgetExceeded(message: string): Failure {
  return { kind: "budget_exceeded", message, retryable: false };
}

/** A bug, or an error that no code expects. */
export function internal(message: string): Failure {
  return { kind: "internal", message, retryable: false };
}
