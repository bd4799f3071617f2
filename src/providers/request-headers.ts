import { createHash } from "node:crypto";
import { ConfigurationError } from "../model/errors.ts";
import type { BatchRequest } from "../model/request.ts";
import type { BaseUrl } from "./base-url.ts";

/** How a key is sent: `authorization: Bearer KEY` (nearly all), `x-api-key: KEY` (Anthropic), `api-key: KEY` (Azure). */
export type AuthorizationStyle = "bearer" | "x-api-key" | "api-key";

interface HeaderOptions {
  readonly apiKey?: string;
  readonly authorization: AuthorizationStyle;
  /** The user's own. They win over all others. */
  readonly headers: Readonly<Record<string, string>>;
  readonly protocolHeaders: Readonly<Record<string, string>>;
  /** The header that each request's id is to be sent in. */
  readonly requestIdHeader?: string | undefined;
}

/**
 * Headers of every request of one protocol, as name and value in turn. Names are in lower case.
 *
 * @throws ConfigurationError for a key or header that HTTP cannot carry, without showing the value.
 */
export function buildHeaders({ apiKey, authorization, headers, protocolHeaders, requestIdHeader }: HeaderOptions): string[] {
  const all = new Map([
    ["accept", "application/json"],
    ["user-agent", "llmbatch"],
    ...Object.entries(protocolHeaders),
    ...(apiKey === undefined ? [] : [keyHeader(apiKey, authorization)]),
    ...Object.entries(headers).map(([name, value]) => checkedHeader(name, value)),
    ["content-type", "application/json"],
  ] as const);
  const [idHeader] = requestIdHeader === undefined ? [] : checkedHeader(requestIdHeader, "");
  if (idHeader !== undefined && all.has(idHeader))
    throw new ConfigurationError(`The header ${idHeader} cannot hold the id of each request: it has a value already.`);
  return [...all].flat();
}

/** A request's own headers win. @param headers Names and values in turn. */
export function withOwnHeaders(headers: string[], own: BatchRequest["headers"]): string[] {
  if (own === undefined) return headers;
  const others = headers.flatMap((name, at) => (at % 2 === 0 && own[name] === undefined ? [name, headers[at + 1] ?? ""] : []));
  return [...others, ...Object.entries(own).flat()];
}

/**
 * The key, and every value that the user's configuration adds to a request, for redaction.
 *
 * @param query Of the base URL, where some services want the key.
 */
export function listSecrets(apiKey: string | undefined, headers: Readonly<Record<string, string>>, query = ""): string[] {
  const inHeaders = Object.entries(headers)
    .filter(([name, value]) => isCredential(name, value) || !publicNames.has(name.toLowerCase()))
    .flatMap(([, value]) => [value, value.replace(scheme, "")]);
  const inQuery = [...query.matchAll(/[?&]([^=?&]*)=([^&]*)/g)]
    .filter(([, name = ""]) => !publicNames.has(name.toLowerCase()))
    .flatMap(([pair, , value = ""]) => [value, new URLSearchParams(pair.slice(1)).values().next().value ?? ""]);
  return [...(apiKey === undefined ? [] : [apiKey]), ...inHeaders, ...inQuery];
}

/** What says nothing of who sends: to hide a date or "application/json" would garble errors. */
const publicNames: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "anthropic-beta",
  "anthropic-version",
  "api-version",
  "content-type",
  "http-referer",
  "openai-beta",
  "openai-organization",
  "openai-project",
  "referer",
  "user-agent",
  "x-llmbatch-priority",
  "x-title",
]);

/** Whether a header, by its name or value, is one that lets its bearer in. */
export function isCredential(name: string, value: string): boolean {
  return credentialName.test(name) || scheme.test(value);
}

interface AccountOptions {
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly endpointIdentity?: string | undefined;
}

const accountHeaders = new Set(["openai-organization", "openai-project"]);

/**
 * Whose limits requests count against: the address, and 64 bits of a hash over what lets them in. It is the same on every machine, and the key
 * cannot be read from it.
 */
export function accountOf(base: BaseUrl, options: AccountOptions): string {
  const headers = Object.entries(options.headers ?? {})
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => isCredential(name, value) || accountHeaders.has(name))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  const secrets = JSON.stringify([options.apiKey ?? "", headers, base.query]);
  const address = options.endpointIdentity ?? base.origin.replace(/^https?:\/\//, "") + base.path;
  return `${address}#${createHash("sha256").update(secrets).digest("hex").slice(0, 16)}`;
}

const credentialName = /auth|cookie|credential|jwt|key|pass(?:$|phrase|w)|secret|signature|token/i;
const scheme = /^(?:basic|bearer|token) +/i;

/** Those that belong to the connection. */
const reserved = new Set(["connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"]);

function keyHeader(apiKey: string, authorization: AuthorizationStyle): readonly [string, string] {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(apiKey)) {
    throw new ConfigurationError(
      "The API key is empty or holds a line break, a space at an end, or a character that is not ASCII; a key can hold none of these. Was it copied whole, and nothing else with it?",
    );
  }
  return authorization === "bearer" ? ["authorization", `Bearer ${apiKey}`] : [authorization, apiKey];
}

function checkedHeader(name: string, value: string): readonly [string, string] {
  const key = name.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(key)) throw new ConfigurationError(`A header cannot be named ${JSON.stringify(name)}.`);
  if (reserved.has(key)) throw new ConfigurationError(`The header ${key} cannot be set: it belongs to the connection.`);
  if (!/^[\t\x20-\x7e]*$/.test(value)) {
    throw new ConfigurationError(`The value of the header ${key} holds a line break or a character that is not ASCII.`);
  }
  return [key, value];
}
