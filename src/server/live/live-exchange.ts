import type { CacheOutcome, LiveAnswer, LiveCaching } from "../../manager/manager.ts";
import type { RateLimitStatus } from "../../limiters/limiters.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Target } from "../../model/demand.ts";
import type { BatchResult } from "../../model/result.ts";
import type { ReceivedEvent } from "../../providers/providers.ts";
import type { Visit } from "../clients/client.ts";
import { type ApiError, busy, shuttingDown } from "../http/api-error.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import type { Phase } from "../pages/metrics.ts";
import { clientPatienceMs, isRetry } from "./client-patience.ts";
import { encodedVectors } from "./embedding-encoding.ts";
import { addCacheHeaders, cachingOf, isLastEvent } from "./live-caching.ts";
import { explainFailure } from "./explain-failure.ts";
import { limitHeaders } from "./limit-headers.ts";
import type { LiveCallOfClient, LiveContext } from "./live-context.ts";
import type { LiveResponse } from "./live-response.ts";
import { type LiveRequest, readLiveRequest } from "./read-live-request.ts";
import { replay } from "./replay.ts";
import { endText, eventText, isUsageOnly, withoutUsageMembers } from "./stream-format.ts";
import { startTimer } from "../../model/timers.ts";

/** Of the connection: `close` follows. */
const ignored = (): void => {};

/** One request of a client for an answer, from its body to the last byte of the response. */
export class LiveExchange {
  readonly #context: LiveContext;
  readonly #call: LiveCallOfClient;
  readonly #reply: LiveResponse;
  readonly #arrivedAtMs = performance.now();
  /** The client has left, or the wait is too long. */
  #isOver = false;
  #live: LiveAnswer | undefined;
  #phase: Phase = "queued";
  #startedAtMs: number | undefined;
  #attempts = 0;
  #target: Target | undefined;
  #refusal: ApiError | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** How long it may wait, and what ends that. */
  #patienceMs = 0;
  #patience: NodeJS.Timeout | undefined;
  #hasEnded = false;
  /** Of its model. */
  #limits: readonly RateLimitStatus[] = [];
  #visit: Visit | undefined;
  #cached: CacheOutcome | undefined;
  /** The last event of a stream whose answer is kept first. */
  #held = "";

  constructor(context: LiveContext, call: LiveCallOfClient) {
    this.#context = context;
    this.#call = call;
    this.#reply = call.reply;
  }

  /** Does not reject. @returns the status that the client saw; 499 where it had left. */
  async answer(): Promise<number> {
    const { request, response, path, id } = this.#call;
    const onClose = (): void => {
      if (!response.writableFinished) this.#endEarly();
    };
    response.on("close", onClose).on("error", ignored);
    // A pipelined response that has no socket yet, behind another one, is not told that it closed (Node 20).
    const isBehind = response.socket === null;
    if (isBehind) request.socket.on("close", onClose);
    const body = this.#context.bodies.open(request);
    try {
      const text = await body.read();
      if (typeof text !== "string") return this.#refuse(text);
      if (this.#context.isDraining()) return this.#refuse(shuttingDown);
      const live = readLiveRequest(id, path, text, forwardedHeaders(request.headers));
      if ("status" in live) return this.#refuse(live);
      const asked = this.#ask(live, text);
      if ("status" in asked) return this.#refuse(asked);
      return this.#answered(await asked.result, live, text);
    } finally {
      this.#hasEnded = true;
      for (const timer of [this.#timer, this.#patience]) clearTimeout(timer);
      body.close();
      if (isBehind) request.socket.off("close", onClose);
    }
  }

  /** @returns why it is refused, where it is. */
  #ask(live: LiveRequest, text: string): LiveAnswer | ApiError {
    const { manager, waitingRoom, keepAlive, liveCache } = this.#context;
    const { client } = this.#call;
    const { headers } = this.#call.request;
    const { request, isStreamed } = live;
    const asker = client.askerOf(headers["x-llmbatch-priority"]);
    const caching = cachingOf(headers["x-llmbatch-cache"], liveCache, client.namespace);
    if (caching !== undefined && "status" in caching) return caching;
    const weights = client.weigh(request);
    const ownRefusal = client.refuse(request.model, weights);
    if (ownRefusal !== undefined) return ownRefusal;
    const patienceMs = waitingRoom.patienceOf(clientPatienceMs(headers));
    this.#patienceMs = patienceMs;
    const goesFirst = isRetry(headers) && waitingRoom.returns(client.name, text);
    this.#limits = manager.rateLimitStatus(request.model);
    const waiting = this.#context.countWaiting();
    const refusal = goesFirst ? undefined : waitingRoom.refuse(this.#limits, patienceMs, asker.band, waiting);
    if (refusal !== undefined) return refusal;
    if (isStreamed && keepAlive !== undefined) this.#timer = setTimeout(this.#keepAlive, keepAlive.firstMs);
    this.#visit = client.enter(request.model, weights);
    this.#live = manager.live(request, {
      goesFirst,
      asker,
      caching,
      onCache: this.#onCache,
      onStart: this.#onStart,
      onAttempt: this.#onAttempt,
      onEvent: isStreamed ? (event) => this.#pass(event, live, caching) : undefined,
    });
    if (this.#isOver) this.#live.abort();
    else if (caching === undefined) void this.#startPatience();
    return this.#live;
  }

  #answered(result: BatchResult, live: LiveRequest, text: string): number {
    const { waitingRoom, metrics } = this.#context;
    const { client } = this.#call;
    clearTimeout(this.#timer);
    this.#visit?.end(result.costUsd ?? null);
    if (this.#cached !== undefined) metrics.cached.add({ result: this.#cached.kind });
    const hasWaited = this.#refusal !== undefined || (this.#isOver && this.#phase === "queued");
    if (hasWaited) waitingRoom.leave(client.name, text);
    if (this.#refusal !== undefined) return this.#refuse(this.#refusal);
    if (this.#isOver) {
      metrics.clientsGone.add({ phase: this.#phase });
      return 499;
    }
    return this.#end(result, live);
  }

  readonly #onStart = (target?: Target): void => {
    clearTimeout(this.#patience);
    this.#visit?.start();
    if (target !== undefined) this.#attempts += 1;
    this.#target = target;
    if (this.#startedAtMs === undefined) {
      this.#startedAtMs = performance.now();
      this.#context.metrics.queued.add(this.#startedAtMs - this.#arrivedAtMs);
    }
    this.#phase = "asked";
  };

  readonly #onCache = (outcome: CacheOutcome): void => {
    this.#cached = outcome;
    if (outcome.kind !== "hit" && outcome.kind !== "stored") void this.#startPatience();
  };

  /** What may start has started or ended after two ticks, and needs no timer. Nor does what the cache answers. */
  async #startPatience(): Promise<void> {
    await undefined;
    await undefined;
    if (this.#startedAtMs === undefined && !this.#hasEnded) this.#patience = startTimer(() => this.#giveUp(), this.#patienceMs);
  }

  readonly #onAttempt = (attempt: Attempt, { name }: Target, durationMs: number): void => {
    this.#visit?.count(attempt);
    this.#context.metrics.upstream.add(durationMs);
    this.#context.metrics.attempts.add({ provider: name, outcome: attempt.ok ? "ok" : attempt.failure.kind });
  };

  #pass(event: ReceivedEvent, { request, hidesUsage }: LiveRequest, caching: LiveCaching | undefined): Promise<void> | undefined {
    if (this.#phase !== "streaming") this.#context.metrics.firstToken.add(performance.now() - this.#arrivedAtMs);
    this.#phase = "streaming";
    if (!this.#reply.isStream) this.#reply.openStream(this.#factsWithLimits(request.model));
    this.#timer?.refresh();
    if (caching?.writes === true && isLastEvent(event)) {
      this.#held = eventText(event.name, event.text);
      return undefined;
    }
    if (!hidesUsage) return this.#reply.write(eventText(event.name, event.text));
    return isUsageOnly(event) ? undefined : this.#reply.write(eventText(event.name, withoutUsageMembers(event.text)));
  }

  #end(result: BatchResult, { request, isStreamed, wantsUsage, wantsBase64 }: LiveRequest): number {
    const { path } = this.#call;
    const facts = this.#reply.isStream ? {} : this.#factsWithLimits(request.model, result);
    if (result.status === "succeeded") {
      const { statusCode, body } = result.response;
      if (!isStreamed) this.#reply.send(statusCode, wantsBase64 ? encodedVectors(body) : body, facts);
      else if (this.#phase === "streaming") this.#reply.endStream(this.#held + endText(path));
      else {
        this.#reply.openStream(facts);
        this.#reply.endStream(replay(path, result.body, !wantsUsage));
      }
      return statusCode;
    }
    if (result.failure.kind === "cancelled" && this.#phase !== "queued") this.#context.onCut();
    const error = explainFailure(result, path);
    if ("code" in error) return result.attempts === 0 ? this.#refuse(error, facts) : this.#fail(error, facts);
    const { code, message } = result.error;
    if (this.#reply.isStream) return this.#fail({ status: error.status, type: "invalid_request_error", code, message });
    return this.#reply.send(error.status, error.body, { ...facts, "x-should-retry": "false" });
  }

  #factsWithLimits(model: string, result?: BatchResult): Record<string, string> {
    const own = this.#call.client.limitsOf(model).status();
    // A hit has used nothing of them since it came. What shared a call may have waited.
    if (result?.cached !== true || this.#startedAtMs !== undefined) this.#limits = this.#context.manager.rateLimitStatus(model);
    return Object.assign(this.#facts(result), limitHeaders(own.length > 0 ? [{ limits: own }] : this.#limits));
  }

  /** What a client may know of how it was answered; while it waits, that it does. */
  #facts(result?: BatchResult): Record<string, string> {
    const queueMs = (this.#startedAtMs ?? performance.now()) - this.#arrivedAtMs;
    const facts: Record<string, string> = { "server-timing": `queue;dur=${queueMs.toFixed(1)}` };
    const provider = result === undefined ? this.#target?.name : result.provider;
    const attempts = result?.attempts ?? this.#attempts;
    if (result !== undefined) facts["server-timing"] += `, upstream;dur=${result.latencyMs.toFixed(1)}`;
    if (provider !== undefined) facts["x-llmbatch-provider"] = encodeURI(provider);
    if (result !== undefined || attempts > 0) facts["x-llmbatch-attempts"] = String(attempts);
    const upstreamId = result?.response?.requestId ?? "";
    if (/^[\x21-\x7e]+$/.test(upstreamId)) facts["x-llmbatch-upstream-id"] = upstreamId;
    addCacheHeaders(facts, this.#cached);
    return facts;
  }

  /** Of a request that was never sent. */
  #refuse(error: ApiError, facts?: Readonly<Record<string, string>>): number {
    this.#context.metrics.refused.add({ reason: error.code });
    return this.#fail(error, facts);
  }

  #fail(error: ApiError, facts?: Readonly<Record<string, string>>): number {
    if (this.#reply.isStream) this.#context.metrics.streamsCut.add({});
    return this.#reply.fail(error, facts);
  }

  #giveUp(): void {
    const waited = `It waited for ${Math.round(this.#patienceMs / 1000)} s`;
    this.#refusal = busy("rate_limit_exceeded", `${waited}, and the limits did not let it through`, 60_000);
    this.#endEarly();
  }

  #endEarly(): void {
    this.#isOver = true;
    this.#live?.abort();
  }

  readonly #keepAlive = (): void => {
    this.#reply.openStream(this.#facts());
    this.#reply.keepAlive();
    this.#timer = setTimeout(this.#keepAlive, this.#context.keepAlive?.everyMs);
  };
}
