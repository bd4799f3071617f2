import { isJsonObject } from "../json/json-value.ts";
import type { RequestLike } from "../jsonl/jsonl.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { RunEvent } from "../model/event.ts";
import type { BatchInput } from "../model/request.ts";

/** What concerns one call, whether of one request or of many. They win over what requests say themselves. */
export interface CallOptions {
  /** Ends the call: nothing more is sent, and what is in flight is given up. Its requests fail as `cancelled`. @default none */
  readonly signal?: AbortSignal | undefined;
  /** For each attempt, its body included, beside the timeout of the provider. @default that of the provider alone */
  readonly timeoutMs?: number | undefined;
  /** The provider, where the manager knows several. @default the one that the request names, or the route of its model */
  readonly provider?: string | undefined;
  /** The API that the request is for: `/v1/responses`. @default the one that its body shows; of a prompt, the provider's own */
  readonly url?: string | undefined;
  /** Of its result. @default the request's `custom_id`, or `request-` and its position */
  readonly customId?: string | undefined;
  /** Called before each wait for another attempt. @default none */
  readonly onRetry?: ((retry: RunEvent & { readonly type: "retry-wait" }) => void) | undefined;
}

/** For many requests, which have each a `custom_id` of their own. */
export type RunOptions = Omit<CallOptions, "customId">;

export interface BatchOptions extends RunOptions {
  /** Throws a `RunStoppedError`, which has the results, when the batch stops before its last request. @default false */
  readonly throwOnStop?: boolean;
}

const ofRuns = ["signal", "timeoutMs", "provider", "url", "onRetry"];
const ofCalls = [...ofRuns, "customId"];
const ofBatches = [...ofRuns, "throwOnStop"];

/** @throws ConfigurationError for an option that does not exist, or cannot be used. */
export function checkCallOptions(options: CallOptions): void {
  check("a call", options, ofCalls);
}

/** @throws as `checkCallOptions` does. */
export function checkRunOptions(options: RunOptions): void {
  check("run", options, ofRuns);
}

/** @throws as `checkCallOptions` does. */
export function checkBatchOptions(options: BatchOptions): void {
  check("processBatch", options, ofBatches);
}

function check(what: string, options: CallOptions, known: readonly string[]): void {
  refuseUnknownOptions(what, options, known);
  const { timeoutMs, signal, onRetry } = options;
  if (timeoutMs !== undefined && !(timeoutMs > 0)) throw wrong("timeoutMs", "must be a number of milliseconds above 0");
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrong("signal", "must be an AbortSignal");
  if (onRetry !== undefined && typeof onRetry !== "function") throw wrong("onRetry", "must be a function");
}

function wrong(option: string, why: string): ConfigurationError {
  return new ConfigurationError(`\`${option}\` ${why}`, { option });
}

/**
 * Refuses members of a body that are options of the call, put into the wrong argument, or that JSON cannot hold.
 *
 * @throws ConfigurationError naming it.
 */
export function checkBody(body: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(body)) {
    if (ofCalls.includes(name) && name !== "provider")
      throw wrong(name, "is no member of a body but an option of the call: it belongs into the next argument");
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
      throw wrong(name, `is a ${typeof value}, which the body of a request cannot hold`);
  }
}

/** The request with what the call says of it. */
export function withCallOptions(
  request: RequestLike | BatchInput,
  { provider, url, customId }: CallOptions,
): RequestLike | BatchInput {
  if (provider === undefined && url === undefined && customId === undefined) return request;
  const line = typeof request === "string" ? { prompt: request } : request;
  if (isBatchInput(line))
    return {
      ...line,
      ...(provider !== undefined && { provider }),
      ...(url !== undefined && { path: url }),
      ...(customId !== undefined && { customId }),
    };
  return {
    ...line,
    ...(provider !== undefined && { provider }),
    ...(url !== undefined && { url }),
    ...(customId !== undefined && { custom_id: customId }),
  };
}

/** Requests that were parsed already, by the command line for one. */
export function isBatchInput(request: RequestLike | BatchInput): request is BatchInput {
  return (
    isJsonObject(request) &&
    (request["kind"] === "request" || request["kind"] === "invalid-line") &&
    typeof request["customId"] === "string"
  );
}
