import { Buffer } from "node:buffer";
import { parseJson } from "../../json/json-value.ts";
import type { Attempt, ErrorResponse } from "../../model/attempt.ts";
import { cancelled, type Failure } from "../../model/failure.ts";
import type { Redact } from "../../text/redaction.ts";
import { totalTokens, type Usage } from "../../model/usage.ts";
import { extractJson, maxParsedLength } from "./json-extract.ts";
import { maxBodyBytes } from "../body-limits.ts";
import { networkFailure } from "../failures/network-failure.ts";
import type { HttpResponse, Protocol, ResponseHeaders } from "../protocol.ts";
import { readLimitsOfRefusal } from "../failures/rate-limit-errors.ts";
import { readRateLimits } from "../failures/rate-limit-headers.ts";
import { ShownResponse } from "./shown-response.ts";
import { findFirstData, isEventStream, looksLikeEventStream } from "./recognise-stream.ts";
import type { OnEvent } from "../provider.ts";
import { StreamReader } from "./stream-reader.ts";
import { usageOfStream } from "./stream-usage.ts";

interface ResponseReaderOptions {
  readonly protocol: Protocol;
  /** For messages: `api.openai.com:443`. */
  readonly host: string;
  readonly timeoutMs: number;
  /** How long a stream may be silent. */
  readonly idleTimeoutMs: number;
  /** Of the limit on requests that the headers tell. */
  readonly requestsPeriodMs: number;
  readonly redact: Redact;
}

/** Longest text kept of an error body that is no JSON, and of a failure's message, in UTF-16 units. */
const keptTextLength = 2000;
const messageLength = 1000;

/** The beginning of an HTTP response. */
export interface ResponseHead {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: ResponseHeaders;
}

/** The request that an answer is for. */
export interface Reading {
  /** JSON text as sent. */
  readonly requestBody: string;
  readonly onEvent: OnEvent | undefined;
  readonly keepsAnswer?: boolean | undefined;
  readonly maySendAgain?: (() => boolean) | undefined;
}

/** Makes an attempt of whatever came back from one protocol's endpoint. */
export class ResponseReader {
  readonly #options: ResponseReaderOptions;

  /** Of an answer, decoded. */
  readonly maxBodyBytes: number;
  /** Some stream has said why its answer ended. */
  #hasEnded = false;

  constructor(options: ResponseReaderOptions) {
    this.#options = options;
    this.maxBodyBytes = options.protocol.maxBodyBytes ?? maxBodyBytes;
  }

  /** Does not throw: a response that breaks the reading of it is a failure of kind `internal`. */
  readResponse(head: ResponseHead, text: string, reading: Reading): Attempt {
    try {
      const body = extractJson(text);
      if (body !== undefined || !looksLikeEventStream(text))
        return this.#read({ statusCode: head.statusCode, headers: head.headers, body, text, receivedAt: new Date() }, reading);
      return this.#readUndeclaredStream(head, text, reading);
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  /** @returns a reader for an answer that comes as a stream; undefined if it is to be read as a whole. */
  openStream(head: ResponseHead, reading: Reading): StreamReader | undefined {
    const { streaming } = this.#options.protocol;
    if (streaming === undefined || !isSuccess(head) || !isEventStream(head.headers)) return undefined;
    return new StreamReader(streaming.assemble(reading.requestBody), reading);
  }

  /**
   * What came of a stream that has ended. Does not throw.
   *
   * @param interruption What ended it before its connection did, if anything.
   */
  readStream(head: ResponseHead, stream: StreamReader, { requestBody }: Reading, interruption: Attempt | undefined): Attempt {
    try {
      stream.end();
      if (stream.thrown !== undefined) return this.#unreadable(stream.thrown);
      const { errorText: reported, openedAt: receivedAt } = stream;
      const text = reported ?? stream.body();
      const response = { ...head, body: extractJson(text), text, receivedAt };
      if (stream.isWhole()) return stream.marked(this.#readWhole(response));
      const attempt = reported === undefined ? this.#incomplete(head, stream, interruption) : this.#read(response);
      const usage = usageOfStream(stream, requestBody, attempt, this.#options.protocol);
      return this.#withLimits(withUsage(attempt, usage), response);
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  readError(error: Error): Attempt {
    return this.#failed(networkFailure(error, this.#options.host));
  }

  timedOut(): Attempt {
    return this.#tookTooLong(`no complete answer within ${this.#options.timeoutMs / 1000} s`);
  }

  /** A stream fell silent. */
  idle(): Attempt {
    return this.#tookTooLong(`the stream was silent for ${this.#options.idleTimeoutMs / 1000} s, and not complete`);
  }

  cancelled(): Attempt {
    return this.#failed(cancelled("cancelled while waiting for the answer"));
  }

  #tookTooLong(what: string): Attempt {
    return this.#failed({ kind: "timeout", message: `${this.#options.host}: ${what}`, retryable: true });
  }

  #readWhole(response: HttpResponse): Attempt {
    this.#hasEnded = true;
    return this.#read(response);
  }

  #read(response: HttpResponse, reading?: Reading): Attempt {
    const { protocol } = this.#options;
    const failure =
      protocol.readFailure(new ShownResponse(response, this.#options.redact)) ?? (reading && lack(response, protocol, reading));
    return failure === undefined ? this.#answered(response) : this.#withLimits(this.#refused(response, failure), response);
  }

  #withLimits(attempt: Attempt, response: HttpResponse): Attempt {
    const isRefusal = !attempt.ok && attempt.failure.kind === "rate_limit";
    const inHeaders = readRateLimits(response, this.#options.requestsPeriodMs);
    const rateLimits = inHeaders ?? (isRefusal ? readLimitsOfRefusal(response.body) : undefined);
    return rateLimits === undefined ? attempt : { rateLimits, ...attempt };
  }

  /** A stream whose headers do not say that it is one, or a refusal that came as one. */
  #readUndeclaredStream(head: ResponseHead, text: string, reading: Reading): Attempt {
    const { streaming } = this.#options.protocol;
    if (streaming === undefined || !isSuccess(head)) {
      const data = streaming === undefined ? text : (findFirstData(text) ?? text);
      return this.#read({ ...head, body: parseJson(data), text: data, receivedAt: new Date() });
    }
    const stream = new StreamReader(streaming.assemble(reading.requestBody), reading);
    stream.push(Buffer.from(text));
    return this.readStream(head, stream, reading, undefined);
  }

  /**
   * What broke the connection is not the point: the server was reached, and had begun to answer. A server that says that its answer is over,
   * but not why, and has given no reason before, never gives one: it is asked once more.
   */
  #incomplete({ statusCode }: ResponseHead, stream: StreamReader, interruption: Attempt | undefined): Attempt {
    const failure = { kind: "incomplete_stream", retryable: true, statusCode } as const;
    const { host } = this.#options;
    if (stream.isOver) {
      const message = `${host}: the stream is over, but does not say why its answer ended; try it without streaming`;
      return this.#failed({ ...failure, message, ...(!this.#hasEnded && { isFinalIfRepeated: true }) });
    }
    const cut = interruption === undefined || interruption.ok ? undefined : interruption.failure;
    if (interruption !== undefined && cut?.kind !== "network") return interruption;
    const message = cut?.message ?? `${host}: the stream ended before the answer was complete`;
    return this.#failed({ ...failure, message });
  }

  #unreadable(error: unknown): Attempt {
    return this.#failed({ kind: "internal", message: `the answer could not be read: ${String(error)}`, retryable: false });
  }

  #answered(received: HttpResponse): Attempt {
    const { statusCode, headers, body, text } = received;
    const usage = this.#options.protocol.readUsage(body);
    const response = { statusCode, requestId: this.#options.redact(requestId(headers)), body: onOneLine(text), usage };
    const rateLimits = readRateLimits(received, this.#options.requestsPeriodMs);
    return { ok: true, response, ...(rateLimits !== undefined && { rateLimits }) };
  }

  #refused({ statusCode, headers, body, text }: HttpResponse, failure: Failure): Attempt {
    const { protocol, redact } = this.#options;
    const usage = protocol.readUsage(body);
    const response = { statusCode, requestId: redact(requestId(headers)), body: errorText(body, text, redact) };
    return { ...this.#failed(failure, response), ...(totalTokens(usage) > 0 && { usage }) };
  }

  #failed(failure: Failure, response?: ErrorResponse): Attempt {
    const message = this.#options.redact(failure.message, messageLength);
    return { ok: false, failure: { ...failure, message }, ...(response !== undefined && { response }) };
  }
}

export function isSuccess({ statusCode }: ResponseHead): boolean {
  return statusCode >= 200 && statusCode <= 299;
}

function lack({ statusCode, body }: HttpResponse, { findLack }: Protocol, { requestBody }: Reading): Failure | undefined {
  const lacking = findLack?.(body, requestBody);
  if (lacking === undefined) return undefined;
  const message = `HTTP ${statusCode}: the answer is not complete: ${lacking}`;
  return { kind: "invalid_response", message, retryable: true, isFinalIfRepeated: true, statusCode };
}

/** A failed stream may have been billed for what it had told by then. */
function withUsage(attempt: Attempt, usage: Usage): Attempt {
  return attempt.ok || attempt.usage !== undefined || totalTokens(usage) === 0
    ? attempt
    : { ...attempt, usage, isUsagePartial: true };
}

function requestId(headers: ResponseHeaders): string {
  const id = headers["x-request-id"] ?? headers["request-id"] ?? "";
  return typeof id === "string" ? id : (id[0] ?? "");
}

/** In JSON a line break can only stand between tokens. */
function onOneLine(text: string): string {
  return text.includes("\n") || text.includes("\r") ? text.replaceAll(/[\r\n]/g, " ") : text;
}

/**
 * JSON in any case. A secret may have stood across tokens: what is left of such a text is kept as a string, and so is the beginning of a
 * long one.
 */
function errorText(body: unknown, text: string, redact: Redact): string {
  if (text.length > maxParsedLength) return JSON.stringify(redact(text, keptTextLength));
  const clean = redact(text);
  if (body !== undefined && (clean === text || parseJson(clean) !== undefined)) return onOneLine(clean);
  return JSON.stringify(redact(text, keptTextLength));
}
