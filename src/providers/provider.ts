import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import type { BatchRequest } from "../model/request.ts";

export { createProvider, type ProviderOptions } from "./create-provider.ts";
export { createHttpProvider, type HttpProviderOptions } from "./http-provider.ts";
export { isLoopback } from "./plain-http.ts";
export { presets, type Preset } from "./presets.ts";
export { protocols } from "./protocols.ts";
export type { Protocol } from "./protocol.ts";
export { createRedact, type Redact } from "./redaction.ts";
export type { AuthorizationStyle } from "./request-headers.ts";

/**
 * Asks once: no retry, no waiting, no cache. A bad answer is a value, not an exception.
 */
export interface Provider {
  /** For people and logs: `openai`, `mock`, or the host of a base URL. */
  readonly name: string;

  /**
   * Where `request` would go: base URL and path. It is half of the request's fingerprint, so the same service must give the same
   * text in every run. @returns undefined if this provider speaks no protocol for the request's path.
   */
  endpoint(request: BatchRequest): string | undefined;

  /** What the request is expected to take from this provider's limits, as this provider counts. */
  estimate(request: BatchRequest): Cost;

  /**
   * Sends the request once and reads the whole answer.
   *
   * @param options.signal Aborts the call, which then ends as a failure of kind `cancelled`.
   * @returns an attempt in every case; never rejects.
   */
  send(request: BatchRequest, options: { readonly signal: AbortSignal }): Promise<Attempt>;

  /** Closes connections. Call it once no `send` is under way. */
  close(): Promise<void>;
}
