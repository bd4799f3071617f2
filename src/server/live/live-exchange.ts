import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestManager } from "../../manager/manager.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Target } from "../../model/demand.ts";
import type { BatchResult } from "../../model/result.ts";
import type { ReceivedEvent } from "../../providers/providers.ts";
import { type ApiError, type ApiFamily, shuttingDown } from "../http/api-error.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import type { Bodies } from "../http/read-body.ts";
import type { Phase, ServerMetrics } from "../pages/metrics.ts";
import { clientPatienceMs, isRetry } from "./client-patience.ts";
import { encodedAsAsked } from "./embedding-encoding.ts";
import { explainFailure } from "./explain-failure.ts";
import { limitHeaders } from "./limit-headers.ts";
import { LiveResponse } from "./live-response.ts";
import { type LiveRequest, readLiveRequest } from "./read-live-request.ts";
import { replay } from "./replay.ts";
import { eventText, isUsageOnly, withoutUsageMembers } from "./stream-format.ts";
import { busy, type WaitingRoom } from "./waiting-room.ts";
import { maxTimerMs } from "../../model/timers.ts";

/** What all exchanges of one server share. */
export interface LiveContext {
  readonly manager: RequestManager;
  readonly bodies: Bodies;
  readonly waitingRoom: WaitingRoom;
  readonly metrics: ServerMetrics;
  /** When a stream that waits is opened, and how often its client is told that it still waits; undefined for never. */
  readonly keepAlive: KeepAlive | undefined;
  readonly stalledMs: number;
  /** The server is about to stop: what was not sent yet is refused. */
  readonly isDraining: () => boolean;
  /** Called where the end of the server cuts a request short that was sent. */
  readonly onCut: () => void;
}

export interface KeepAlive {
  readonly firstMs: number;
  readonly everyMs: number;
}

/** Of responses, in milliseconds. */
export interface ResponseTimes extends KeepAlive {
  /** A reader that takes nothing for so long is given up. */
  readonly stalledMs: number;
}

/** One request of a client for an answer, from its body to the last byte of the response. */
export class LiveExchange {
  readonly #context: LiveContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #path: string;
  readonly #id: string;
  readonly #live: LiveResponse;
  readonly #arrivedAtMs = performance.now();
  /** The client has left, or the wait is too long. */
  readonly #over = new AbortController();
  #phase: Phase = "queued";
  #startedAtMs: number | undefined;
  #refusal: ApiError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(
    context: LiveContext,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    family: ApiFamily,
    id: string,
  ) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#path = path;
    this.#id = id;
    this.#live = new LiveResponse(response, path, family, id, context.stalledMs);
  }

  /** Does not reject. @returns the status that the client saw; 499 where it had left. */
  async answer(): Promise<number> {
    const onClose = (): void => {
      if (!this.#response.writableFinished) this.#over.abort();
    };
    // A pipelined response behind another one is not told that its socket closed (Node 20).
    this.#response.on("close", onClose).on("error", () => {});
    this.#request.socket.on("close", onClose);
    const body = this.#context.bodies.open(this.#request);
    try {
      const text = await body.read();
      if (typeof text !== "string") return this.#refuse(text);
      if (this.#context.isDraining()) return this.#refuse(shuttingDown);
      const live = readLiveRequest(this.#id, this.#path, text, forwardedHeaders(this.#request.headers));
      if ("status" in live) return this.#refuse(live);
      return await this.#ask(live, text);
    } finally {
      clearTimeout(this.#timer);
      clearTimeout(this.#patience);
      body.close();
      this.#request.socket.off("close", onClose);
    }
  }

  async #ask(live: LiveRequest, text: string): Promise<number> {
    const { manager, waitingRoom, metrics } = this.#context;
    const { headers } = this.#request;
    const { request, isStreamed } = live;
    const patienceMs = waitingRoom.patienceOf(clientPatienceMs(headers));
    const goesFirst = isRetry(headers) && waitingRoom.returns(text);
    const refusal = goesFirst ? undefined : waitingRoom.refuse(request.model, patienceMs);
    if (refusal !== undefined) return this.#refuse(refusal);
    if (patienceMs <= maxTimerMs) this.#patience = setTimeout(() => this.#giveUp(patienceMs), patienceMs);
    const { keepAlive } = this.#context;
    if (isStreamed && keepAlive !== undefined) this.#timer = setTimeout(this.#keepAlive, keepAlive.firstMs);
    const result = await manager.live(request, {
      signal: this.#over.signal,
      goesFirst,
      onStart: this.#onStart,
      onAttempt: this.#onAttempt,
      onEvent: isStreamed ? (event) => this.#pass(event, live) : undefined,
    });
    clearTimeout(this.#timer);
    if (this.#refusal !== undefined || (this.#over.signal.aborted && this.#phase === "queued")) waitingRoom.leave(text);
    if (this.#refusal !== undefined) return this.#refuse(this.#refusal);
    if (this.#over.signal.aborted) {
      metrics.clientsGone.add({ phase: this.#phase });
      return 499;
    }
    return this.#end(result, live);
  }

  readonly #onStart = (): void => {
    clearTimeout(this.#patience);
    if (this.#startedAtMs === undefined) {
      this.#startedAtMs = performance.now();
      this.#context.metrics.queued.add(this.#startedAtMs - this.#arrivedAtMs);
    }
    this.#phase = "asked";
  };

  readonly #onAttempt = (attempt: Attempt, { name }: Target, durationMs: number): void => {
    this.#context.metrics.upstream.add(durationMs);
    this.#context.metrics.attempts.add({ provider: name, outcome: attempt.ok ? "ok" : attempt.failure.kind });
  };

  #pass(event: ReceivedEvent, { hidesUsage }: LiveRequest): Promise<void> | undefined {
    if (this.#phase !== "streaming") this.#context.metrics.firstToken.add(performance.now() - this.#arrivedAtMs);
    this.#phase = "streaming";
    if (!this.#live.isStream) this.#live.openStream(this.#facts());
    this.#timer?.refresh();
    if (!hidesUsage) return this.#live.write(eventText(event.name, event.text));
    return isUsageOnly(event) ? undefined : this.#live.write(eventText(event.name, withoutUsageMembers(event.text)));
  }

  #end(result: BatchResult, { request, isStreamed, wantsUsage }: LiveRequest): number {
    const facts = { ...this.#facts(result), ...limitHeaders(this.#context.manager, result.model ?? "") };
    if (result.status === "succeeded") {
      const { statusCode, body } = result.response;
      if (!isStreamed)
        this.#live.json(statusCode, this.#path === "/v1/embeddings" ? encodedAsAsked(request.body, body) : body, facts);
      else if (this.#phase === "streaming") this.#live.endStream();
      else {
        this.#live.openStream(facts);
        this.#live.endStream(replay(this.#path, result.body, !wantsUsage));
      }
      return statusCode;
    }
    if (this.#live.isStream) this.#context.metrics.streamsCut.add({});
    if (result.failure.kind === "cancelled" && this.#phase !== "queued") this.#context.onCut();
    const error = explainFailure(result);
    if ("code" in error) return this.#live.fail(error, facts);
    if (this.#live.isStream)
      return this.#live.fail({
        status: error.status,
        type: "invalid_request_error",
        code: result.error.code,
        message: result.error.message,
      });
    this.#live.json(error.status, error.body, { ...facts, "x-should-retry": "false" });
    return error.status;
  }

  /** What a client may know of how it was answered. */
  #facts(result?: BatchResult): Record<string, string> {
    const queueMs = (this.#startedAtMs ?? performance.now()) - this.#arrivedAtMs;
    const upstream = result === undefined ? "" : `, upstream;dur=${result.latencyMs.toFixed(1)}`;
    const upstreamId = result?.response?.requestId ?? "";
    return {
      "server-timing": `queue;dur=${queueMs.toFixed(1)}${upstream}`,
      ...(result?.provider !== undefined && { "x-llmbatch-provider": encodeURI(result.provider) }),
      ...(result !== undefined && { "x-llmbatch-attempts": String(result.attempts) }),
      ...(/^[\x21-\x7e]+$/.test(upstreamId) && { "x-llmbatch-upstream-id": upstreamId }),
    };
  }

  #refuse(error: ApiError): number {
    this.#context.metrics.refused.add({ reason: error.code });
    return this.#live.fail(error);
  }

  #giveUp(patienceMs: number): void {
    this.#refusal = busy(
      "rate_limit_exceeded",
      `It waited for ${Math.round(patienceMs / 1000)} s, and the limits did not let it through`,
      60_000,
    );
    this.#over.abort();
  }

  readonly #keepAlive = (): void => {
    this.#live.openStream(this.#facts());
    this.#live.keepAlive();
    this.#timer = setTimeout(this.#keepAlive, this.#context.keepAlive?.everyMs);
  };
}
