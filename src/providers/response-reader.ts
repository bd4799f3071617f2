import type { Attempt, ErrorAnswer } from "../model/attempt.ts";
import { cancelled, type Failure } from "../model/failure.ts";
import { totalTokens } from "../model/usage.ts";
import { networkFailure } from "./network-failure.ts";
import type { HttpResponse, Protocol } from "./protocol.ts";
import { readRateLimits } from "./rate-limit-headers.ts";
import type { Redact } from "./redaction.ts";

export interface ResponseReaderOptions {
  readonly protocol: Protocol;
  /** For messages: `api.openai.com:443`. */
  readonly host: string;
  readonly timeoutMs: number;
  /** Of the limit on requests that the headers tell. */
  readonly requestsPeriodMs: number;
  readonly redact: Redact;
}

/** Longest text kept of an error body that is no JSON, and of a failure's message, in UTF-16 units. */
const keptTextLength = 2000;
const messageLength = 1000;

/** Makes an attempt of whatever came back from one protocol's endpoint. */
export class ResponseReader {
  readonly #options: ResponseReaderOptions;

  constructor(options: ResponseReaderOptions) {
    this.#options = options;
  }

  /** Does not throw: a response that breaks the reading of it is a failure of kind `internal`. */
  readResponse(statusCode: number, headers: HttpResponse["headers"], text: string): Attempt {
    try {
      const response = { statusCode, headers, body: parseJson(text), text, receivedAt: new Date() };
      const failure = this.#options.protocol.readFailure(response);
      const attempt = failure === undefined ? this.#answered(response) : this.#refused(response, failure);
      const rateLimits = readRateLimits(response, this.#options.requestsPeriodMs);
      return rateLimits === undefined ? attempt : { ...attempt, rateLimits };
    } catch (error) {
      return this.#failed({ kind: "internal", message: `the answer could not be read: ${String(error)}`, retryable: false });
    }
  }

  /** @param inBody The error came after a status and headers. */
  readError(error: Error, inBody: boolean): Attempt {
    return this.#failed(networkFailure(error, this.#options.host, inBody));
  }

  timedOut(): Attempt {
    const { host, timeoutMs } = this.#options;
    return this.#failed({
      kind: "timeout",
      message: `${host}: no complete answer within ${timeoutMs / 1000} s`,
      retryable: true,
    });
  }

  cancelled(): Attempt {
    return this.#failed(cancelled("cancelled while waiting for the answer"));
  }

  #answered({ statusCode, headers, body, text }: HttpResponse): Attempt {
    const usage = this.#options.protocol.readUsage(body);
    return {
      ok: true,
      answer: { statusCode, requestId: this.#options.redact(requestId(headers)), body: onOneLine(text), usage },
    };
  }

  #refused({ statusCode, headers, body, text }: HttpResponse, failure: Failure): Attempt {
    const { protocol, redact } = this.#options;
    const usage = protocol.readUsage(body);
    const answer = { statusCode, requestId: redact(requestId(headers)), body: errorText(body, text, redact) };
    return { ...this.#failed(failure, answer), ...(totalTokens(usage) > 0 && { usage }) };
  }

  #failed(failure: Failure, answer?: ErrorAnswer): Attempt {
    const message = shorten(this.#options.redact(failure.message), messageLength);
    return { ok: false, failure: { ...failure, message }, ...(answer !== undefined && { answer }) };
  }
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function requestId(headers: HttpResponse["headers"]): string {
  const id = headers["x-request-id"] ?? headers["request-id"] ?? "";
  return typeof id === "string" ? id : (id[0] ?? "");
}

/** In JSON a line break can only stand between tokens. */
function onOneLine(text: string): string {
  return text.includes("\n") || text.includes("\r") ? text.replaceAll(/[\r\n]/g, " ") : text;
}

/** JSON in any case. A secret may have stood across tokens: what is left of such a text is kept as a string. */
function errorText(body: unknown, text: string, redact: Redact): string {
  const clean = redact(text);
  if (body !== undefined && (clean === text || parseJson(clean) !== undefined)) return onOneLine(clean);
  return JSON.stringify(shorten(clean, keptTextLength));
}

/** Cuts no character in half. */
function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
