import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "./admission.ts";
import { asAnthropicError } from "../anthropic-error.ts";
import { digestOf } from "../chance.ts";
import { Exchange } from "./exchange.ts";
import { latencyOf } from "../faults/latency.ts";
import type { Ledger, Unanswered } from "./ledger.ts";
import type { Outage } from "../faults/outage.ts";
import type { PlannedFailures } from "../faults/planned-failures.ts";
import { prepareAnswer } from "../apis/prepare-answer.ts";
import type { AnsweringPath, PreparedAnswer } from "../apis/prepared.ts";
import type { Demand, Used } from "../limits/rate-limits.ts";
import { errorReply, type Reply } from "../reply.ts";
import type { MockSettings } from "../settings.ts";

/** What all calls of one server share. */
export interface CallContext {
  readonly settings: MockSettings;
  readonly admission: Admission;
  readonly outage: Outage;
  readonly failures: PlannedFailures;
  readonly ledger: Ledger;
}

const bodyLimitMiB = 64;
const tooLong = errorReply(413, `The request's body is larger than ${bodyLimitMiB} MiB.`, { code: "request_too_large" });

/** One request for an answer: read, understood, admitted, then after a while answered or failed on purpose. Counted once. */
export class Call {
  readonly #context: CallContext;
  readonly #path: AnsweringPath;
  readonly #exchange: Exchange;
  #digest = "";
  /** What is to be settled with the limits once it ends; undefined if it was not let in. */
  #demand: Demand | undefined;

  constructor(context: CallContext, path: AnsweringPath, request: IncomingMessage, response: ServerResponse) {
    this.#context = context;
    this.#path = path;
    this.#exchange = new Exchange(request, response, () => this.#abandon());
  }

  start(): void {
    this.#context.ledger.begin();
    const limitBytes = bodyLimitMiB * 1024 * 1024;
    this.#exchange.readBody(
      limitBytes,
      (body) => this.#ask(body),
      () => this.#end("clientErrors", tooLong),
    );
  }

  #ask(body: Buffer): void {
    const { settings, admission, outage, failures, ledger } = this.#context;
    const text = body.toString();
    this.#digest = digestOf(settings.seed, this.#path, text);
    const prepared = prepareAnswer({ path: this.#path, text, bodyBytes: body.length, digest: this.#digest, seed: settings.seed });
    if (!prepared.ok) return this.#end("clientErrors", prepared.reply);
    const down = outage.onRequest();
    if (down !== undefined) return this.#end("failedOnPurpose", down);
    const rejection = admission.enter(prepared.model, prepared.demand);
    if (rejection !== undefined) return this.#end(rejection.outcome, rejection.reply);
    this.#demand = prepared.demand;
    ledger.accept(prepared.promptTokens + prepared.completionTokens);
    const failure = failures.next(this.#digest);
    this.#exchange.later(latencyOf(settings, this.#digest), () => {
      if (failure === undefined) this.#answer(prepared);
      else this.#end("failedOnPurpose", failure);
    });
  }

  #answer({ promptTokens, completionTokens, reply }: PreparedAnswer): void {
    this.#leave({ inputTokens: promptTokens, outputTokens: completionTokens });
    this.#context.ledger.answer(this.#digest, promptTokens, completionTokens);
    this.#send(reply);
  }

  #end(outcome: Unanswered, reply: Reply): void {
    this.#leave();
    this.#context.ledger.endWithout(outcome);
    this.#send(reply);
  }

  #abandon(): void {
    this.#leave();
    this.#context.ledger.endWithout("abandoned");
  }

  #leave(used?: Used): void {
    if (this.#demand !== undefined) this.#context.admission.leave(this.#demand, used);
  }

  #send(reply: Reply): void {
    const { settings, admission } = this.#context;
    const headers = admission.headers();
    if (this.#digest !== "") headers["x-request-id"] = `req_${this.#digest.slice(0, 32)}`;
    const isAnthropic = this.#path === "/messages" || settings.rules === "anthropic";
    this.#exchange.send(isAnthropic ? asAnthropicError(reply) : reply, headers);
  }
}
