import { items, member } from "../../json/json-value.ts";
import { findError, readErrorFacts } from "./error-body.ts";
import type { HttpResponse } from "../protocol.ts";

/**
 * How long the server asks to be left alone, in whole milliseconds from the moment its response arrived, rounded up. The surest
 * source wins: `retry-after-ms`, `retry-after` (RFC 9110: seconds or a date), Google's `RetryInfo`; for a 429 also the reset of an
 * exhausted limit and, last of all, "try again in 7m12s" in the message.
 *
 * @returns undefined when nothing usable is said; negative and unreadable values say nothing. No upper bound: beyond 2^31
 * milliseconds a timer needs care.
 */
export function retryAfterMs(response: HttpResponse): number | undefined {
  const { headers, statusCode, body } = response;
  const now = serverTime(response);
  const asked =
    parseMilliseconds(headers["retry-after-ms"]) ??
    parseRetryAfter(headers["retry-after"], now) ??
    max(retryInfoDelays(body).map(parseDuration));
  if (asked !== undefined || (statusCode !== 429 && readErrorFacts(body).statusCode !== 429)) return asked;
  return exhaustedLimitReset(headers, now) ?? parseTryAgain(readErrorFacts(body).message);
}

/**
 * A duration as Go and protobuf print it, in milliseconds, rounded up: `6m0s`, `120ms`, `1h2m3s`, `7.66s`, and a bare number of
 * seconds. @returns undefined for anything else.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (plainNumber.test(text)) return wholeMs(Number(text) * 1000);
  if (!duration.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(durationPart)) ms += Number(amount) * (msPerUnit[unit ?? ""] ?? 0);
  return wholeMs(ms);
}

/** `retry-after`: seconds, also fractions, or an HTTP date, counted from `now`. A date that has passed is 0. */
export function parseRetryAfter(value: HeaderValue, now: number): number | undefined {
  const text = onlyValue(value);
  if (text === undefined) return undefined;
  return parseMilliseconds(text, 1000) ?? untilDate(text, now);
}

type HeaderValue = string | string[] | undefined;

/** "ms" stands before "m", or 120ms would be 120 minutes. */
const durationPart = /(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/gy;
const duration = /^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s))+$/;
const plainNumber = /^\d+(?:\.\d+)?(?:e\d+)?$/i;
const msPerUnit: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };

/** Names of the limits, as `x-ratelimit-reset-<limit>` (OpenAI, Groq) and `anthropic-ratelimit-<limit>-reset` spell them. */
const openaiLimits = ["requests", "tokens", "project-tokens"];
const anthropicLimits = ["requests", "tokens", "input-tokens", "output-tokens"];

function parseMilliseconds(value: HeaderValue, msPerNumber = 1): number | undefined {
  const text = onlyValue(value);
  return text !== undefined && plainNumber.test(text) ? wholeMs(Number(text) * msPerNumber) : undefined;
}

/** By the server's own clock if it tells, so that a wrong clock of the client's does not matter. */
export function serverTime({ headers, receivedAt }: HttpResponse): number {
  return parseDate(onlyValue(headers["date"]) ?? "") ?? receivedAt.getTime();
}

/** Only limits of which nothing remains: the others' resets tell when they will be full again, which may be a day away. */
function exhaustedLimitReset(headers: HttpResponse["headers"], now: number): number | undefined {
  const resets = [
    ...openaiLimits.map((limit) => [headers[`x-ratelimit-remaining-${limit}`], headers[`x-ratelimit-reset-${limit}`]]),
    ...anthropicLimits.map((limit) => [
      headers[`anthropic-ratelimit-${limit}-remaining`],
      headers[`anthropic-ratelimit-${limit}-reset`],
    ]),
    [headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"]],
  ];
  return max(resets.map(([remaining, reset]) => (onlyValue(remaining) === "0" ? parseReset(reset, now) : undefined)));
}

/**
 * When a limit is whole again: a duration, a moment (RFC 3339), or a moment in seconds or milliseconds since 1970: no limit resets in 30
 * years' time. @returns milliseconds from `now`; undefined for anything else.
 */
export function parseReset(value: HeaderValue, now: number): number | undefined {
  const text = onlyValue(value);
  if (text === undefined) return undefined;
  const number = plainNumber.test(text) ? Number(text) : 0;
  if (number > 1e9) return wholeMs((number > 1e12 ? number : number * 1000) - now);
  return parseDuration(text) ?? untilDate(text, now);
}

/** `google.rpc.RetryInfo`, which Gemini sends instead of a header. */
function retryInfoDelays(body: unknown): unknown[] {
  return items(member(findError(body), "details")).map((detail) => member(detail, "retryDelay"));
}

function parseTryAgain(message: string): number | undefined {
  return parseDuration(/try again in ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)/i.exec(message)?.[1]);
}

function untilDate(text: string, now: number): number | undefined {
  const date = parseDate(text);
  return date === undefined ? undefined : Math.max(0, date - now);
}

/** The three forms of an HTTP date and RFC 3339. `Date.parse` alone would take "-5" for a day in May. */
function parseDate(text: string): number | undefined {
  if (!/^(?:[A-Z][a-z]+,? |\d{4}-\d\d-\d\dT)/.test(text)) return undefined;
  const hasZone = /(?:GMT|Z|[+-]\d\d:?\d\d)$/.test(text);
  const ms = Date.parse(hasZone ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

function max(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function onlyValue(value: HeaderValue): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text?.trim();
}

/** Rounded up, but for what floating point added: 1.1 seconds are 1100 ms. */
function wholeMs(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(Number(ms.toPrecision(15)))) : undefined;
}
