import type { Attempt } from "../model/attempt.ts";
import type { Cost } from "../model/cost.ts";
import type { Demand, Target } from "../model/demand.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import type { ReceivedEvent } from "./protocol.ts";

/** Receives each event of a streamed answer as it comes. @returns what the next ones wait for, so that the server has to wait, too. */
export type OnEvent = (event: ReceivedEvent) => Promise<void> | undefined;

export interface SendOptions {
  /** Aborts the call, which then ends as a failure of kind `cancelled`. */
  readonly signal: AbortSignal;
  /**
   * One of those that `route` names.
   *
   * @default the first that serves the request
   */
  readonly target?: Target;
  /** Names the request, the same in every run: `batch_req_…`, as in its result. Sent only where a header for it was chosen. */
  readonly requestId?: string | undefined;
  /**
   * Called with each event of a streamed answer, in their order. The answer is then asked for as a stream where the API offers that; one that
   * comes in one piece nevertheless, events that report an error, and such as hold no JSON (`[DONE]`) are not passed on.
   */
  readonly onEvent?: OnEvent | undefined;
  /** An answer whose events are passed on is wanted whole as well, up to 4 MiB of events. @default its first 64 KiB will do: `isAbridged` */
  readonly keepsAnswer?: boolean | undefined;
  /**
   * Asked before a request that has gone out goes out a second time within this call, because its connection was closed at that moment. If it
   * may not, the call fails.
   *
   * @default it may
   */
  readonly maySendAgain?: (() => boolean) | undefined;
}

/**
 * Asks once: no retry, no waiting, no cache. A bad answer is a value, not an exception. A provider without `route` is its own only target.
 */
export interface Provider {
  /** For people and logs: `openai`, `mock`, or the host of a base URL. */
  readonly name: string;

  /** As of a `Target`. */
  readonly baseUrl?: string | undefined;
  /** As of a `Target`. */
  readonly account?: string | undefined;

  /**
   * Where `request` would go: base URL and path. It is half of the request's fingerprint, so the same service must give the same
   * text in every run. @returns undefined if this provider speaks no protocol for the request's path.
   */
  endpoint(request: BatchRequest): string | undefined;

  /** Why `endpoint` knows none for a request: `model_not_found` where no provider serves its model. */
  refusal?(request: BatchRequest): Failure | undefined;

  /** The path of the API that a prompt for `model` is for. @default "/v1/chat/completions" */
  promptPath?(asked: Pick<BatchRequest, "model" | "provider">): string | undefined;

  /** What the request is expected to take from this provider's limits, as this provider counts. */
  estimate(request: BatchRequest): Cost;

  /**
   * Which targets could take a request: keys, or other providers, each with limits of its own. A target is the same object each time.
   *
   * @param failed Those at which an attempt of this request failed.
   */
  route?(request: BatchRequest, failed: ReadonlySet<Target>): Demand;

  /** The request as a target of its route gets it: with its name of the model there, and the members set for it. @default as it is */
  asSent?(request: BatchRequest, target: Target): BatchRequest;

  /**
   * Sends the request once and reads the whole answer. One that comes as a stream is put together: its body is that of an answer
   * without streaming.
   *
   * @returns an attempt in every case; never rejects.
   */
  send(request: BatchRequest, options: SendOptions): Promise<Attempt>;

  /** Closes connections. Call it once no `send` is under way. */
  close(): Promise<void>;
}
