import { isJsonObject, items, member } from "../../json/json-value.ts";
import { findError, readErrorFacts } from "./error-body.ts";
import type { HttpResponse } from "../protocol.ts";

/**
 * How long the server asks to be left alone, in whole milliseconds from the moment its response arrived, rounded up: the longest of what
 * it says in headers, in fields of the body, in headers that a gateway quotes there, and in the words of a throttled request. A limit's
 * own reset counts for a 429, and only if nothing of it is left. Where each unit has a limit, resets say when all of it is there again,
 * which is more than one request needs: they count where nothing else is said.
 *
 * @returns undefined when nothing usable is said; negative and unreadable values say nothing, and 0 says no more. No upper bound: beyond
 *   2^31 milliseconds a timer needs care.
 */
export function retryAfterMs(response: HttpResponse): number | undefined {
  const { headers, statusCode, body, text } = response;
  const now = serverTime(response);
  const { message, statusCode: namedStatus } = readErrorFacts(body);
  const sources = [headers, quotedHeaders(body)];
  const statuses = [statusCode, namedStatus];
  const waits = [...sources.flatMap((source) => askedInHeaders(source, now)), ...askedInFields(body)];
  if (statuses.some((status) => throttlingStatuses.has(status))) waits.push(...askedInWords(message || text));
  if (!statuses.includes(429)) return longest(waits);
  const resets = (names: RegExp): (number | undefined)[] => sources.flatMap((source) => exhaustedResets(source, now, names));
  waits.push(...resets(wholeLimitReset));
  return longest(waits) || (longest(resets(unitsReset)) ?? longest(waits));
}

const throttlingStatuses: ReadonlySet<number | undefined> = new Set([429, 503, 529]);

const msPerUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  day: 86_400_000,
};
/** What follows a unit decides where it ends, or 120ms would be 120 minutes. No text matches in two ways, so none is slow to reject. */
const unit = "ns|us|µs|ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?";
const amount = String.raw`\d{1,15}(?:\.\d{1,15})?`; // longer ones are no times, and a search would go back over them
const part = String.raw`${amount} ?(?:${unit})(?![a-zµ])`;
const anyDuration = `${part}(?:(?:, and |, | and | )?${part})*`;
const duration = new RegExp(`^${anyDuration}$`, "i");
const durationPart = new RegExp(String.raw`(${amount}) ?(${unit})(?![a-zµ])`, "gi");
const plainNumber = /^\d+(?:\.\d+)?(?:e\d+)?$/i;

/**
 * A duration as Go, protobuf and people write it, in milliseconds, rounded up: `6m0s`, `120ms`, `1h2m3s`, `7.66s`, `2 minutes`, and a bare
 * number of seconds. @returns undefined for anything else.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (plainNumber.test(text)) return wholeMs(Number(text) * 1000);
  if (!duration.test(text)) return undefined;
  let ms = 0;
  for (const [, count, name = ""] of text.toLowerCase().matchAll(durationPart))
    ms += Number(count) * (msPerUnit[name] ?? msPerUnit[name.replace(/s$/, "")] ?? 0);
  return wholeMs(ms);
}

/** `retry-after`: seconds, also fractions, or an HTTP date, counted from `now`; of several the longest. A date that has passed is 0. */
export function parseRetryAfter(value: HeaderValue, now: number): number | undefined {
  return longest([value].flat().flatMap((text = "") => untilDate(text.trim(), now) ?? text.split(",").map(parseDuration)));
}

type HeaderValue = string | string[] | undefined;

/** By the server's own clock if it tells, so that a wrong clock of the client's does not matter. */
export function serverTime({ headers, receivedAt }: HttpResponse): number {
  return parseDate(onlyValue(headers["date"]) ?? "") ?? receivedAt.getTime();
}

/** `retry-after`, `retry-after-ms` and what proxies make of them: `x-retry-after`, `x-ms-retry-after-ms`, `x-ratelimit-retry-after` … */
function askedInHeaders(headers: HttpResponse["headers"], now: number): (number | undefined)[] {
  return Object.entries(headers).map(([name, value]) => {
    if (name.endsWith("retry-after-ms")) return longest([value].flat().flatMap((text = "") => text.split(",").map(parseMs)));
    return /retry-after(?:-s|-seconds)?$/.test(name) ? parseRetryAfter(value, now) : undefined;
  });
}

function parseMs(text: string): number | undefined {
  return plainNumber.test(text.trim()) ? wholeMs(Number(text)) : undefined;
}

/** OpenRouter answers with those of the provider behind it, or its own, in `error.metadata.headers`. */
function quotedHeaders(body: unknown): HttpResponse["headers"] {
  const quoted = member(member(findError(body), "metadata"), "headers");
  const entries = isJsonObject(quoted) ? Object.entries(quoted) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Gateways' own; Hugging Face tells in `estimated_time` how long a model takes to load. */
const fields: readonly (readonly [name: string, unit: "s" | "ms"])[] = [
  ["retry_after", "s"],
  ["retryAfter", "s"],
  ["retry_after_seconds", "s"],
  ["estimated_time", "s"],
  ["retry_after_ms", "ms"],
  ["retryAfterMs", "ms"],
];
/** A body may hold any number of them. */
const maxDetails = 20;

function askedInFields(body: unknown): (number | undefined)[] {
  const error = findError(body);
  // `google.rpc.RetryInfo`, which Gemini sends instead of a header.
  const delays = items(member(error, "details")).slice(0, maxDetails);
  const waits = delays.map((detail) => parseDuration(member(detail, "retryDelay")));
  for (const holder of [body, error, member(error, "metadata")]) {
    for (const [name, unitName] of fields) {
      const value = member(holder, name);
      if (typeof value !== "number" && typeof value !== "string") continue;
      waits.push(unitName === "ms" ? parseMs(String(value)) : parseDuration(String(value)));
    }
  }
  return waits;
}

/** "Please try again in 7m12s", "Please retry after 6 seconds", "Expected available in 17 seconds". */
const inWords = new RegExp(
  String.raw`\b(?:try again|retry|retrying|wait|available|resets?)(?: for| in| after)?(?: about| at least| another)? (${anyDuration})`,
  "gi",
);
/** It stands at the beginning; a search of megabytes would block the event loop. */
const maxWordsLength = 2_000;

function askedInWords(text: string): (number | undefined)[] {
  return Array.from(text.slice(0, maxWordsLength).matchAll(inWords), ([, told]) => parseDuration(told));
}

/** `x-ratelimit-reset`, `ratelimit-reset`, `x-rate-limit-reset-after`: the one limit that there is. */
const wholeLimitReset = /^(?:x-)?rate-?limit-reset(?:-after)?$/;
/** `x-ratelimit-reset-tokens`, `anthropic-ratelimit-input-tokens-reset` and others with the name of what they count. */
const unitsReset = /^(?:x-)?(?:[a-z]{1,20}-)?rate-?limit-.*reset/;

/** Only of limits of which nothing remains, as far as is told: the others' resets say when they are full again, which may be a day away. */
function exhaustedResets(headers: HttpResponse["headers"], now: number, names: RegExp): (number | undefined)[] {
  return Object.entries(headers).map(([name, reset]) => {
    if (!names.test(name)) return undefined;
    const remaining = onlyValue(headers[name.replace(/reset(?:-after)?/, "remaining")]);
    return (remaining ?? "0") === "0" ? parseReset(reset, now) : undefined;
  });
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

function longest(waits: readonly (number | undefined)[]): number | undefined {
  let max: number | undefined;
  for (const wait of waits) if (wait !== undefined && !(max !== undefined && wait <= max)) max = wait;
  return max;
}

function onlyValue(value: HeaderValue): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text?.trim();
}

/** Rounded up, but for what floating point added: 1.1 seconds are 1100 ms. */
function wholeMs(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(Number(ms.toPrecision(15)))) : undefined;
}
