import type { IncomingMessage, ServerResponse } from "node:http";
import { digestOf } from "./chance.ts";
import { Exchange } from "./exchange.ts";
import { latencyOf } from "./latency.ts";
import type { Ledger, Unanswered } from "./ledger.ts";
import type { PlannedFailures } from "./planned-failures.ts";
import { prepareAnswer } from "./prepare-answer.ts";
import type { AnsweringPath, PreparedAnswer } from "./prepared.ts";
import type { RateLimits } from "./rate-limits.ts";
import { refusalReply } from "./rate-limits.ts";
import type { Reply } from "./reply.ts";
import { errorReply } from "./reply.ts";
import type { MockSettings } from "./settings.ts";

/** What all calls of one server share. */
export interface CallContext {
  readonly settings: MockSettings;
  readonly limits: RateLimits;
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
  #reservedTokens = 0;

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
    const { settings, limits, failures } = this.#context;
    const text = body.toString();
    this.#digest = digestOf(settings.seed, this.#path, text);
    const prepared = prepareAnswer({ path: this.#path, text, bodyBytes: body.length, digest: this.#digest, seed: settings.seed });
    if (!prepared.ok) return this.#end("clientErrors", prepared.reply);
    const refusal = limits.admit(prepared.reservedTokens);
    if (refusal !== undefined) return this.#end("refused", refusalReply(prepared.model, refusal));
    this.#reservedTokens = prepared.reservedTokens;
    const failure = failures.next(this.#digest);
    this.#exchange.later(latencyOf(settings, this.#digest), () => {
      if (failure === undefined) this.#answer(prepared);
      else this.#end("failedOnPurpose", failure);
    });
  }

  #answer({ promptTokens, completionTokens, reply }: PreparedAnswer): void {
    const { limits, ledger } = this.#context;
    limits.settle(this.#reservedTokens, promptTokens + completionTokens);
    ledger.answer(this.#digest, promptTokens, completionTokens);
    this.#send(reply);
  }

  #end(outcome: Unanswered, reply: Reply): void {
    const { limits, ledger } = this.#context;
    limits.settle(this.#reservedTokens, 0);
    ledger.endWithout(outcome);
    this.#send(reply);
  }

  #abandon(): void {
    const { limits, ledger } = this.#context;
    limits.settle(this.#reservedTokens, 0);
    ledger.endWithout("abandoned");
  }

  #send(reply: Reply): void {
    const headers = this.#context.limits.headers();
    if (this.#digest !== "") headers["x-request-id"] = `req_${this.#digest.slice(0, 32)}`;
    this.#exchange.send(reply, headers);
  }
}
