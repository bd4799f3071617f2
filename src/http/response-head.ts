import { HttpError } from "./http-error.ts";

/** Header fields by name in lower case; an array where a name stands more than once. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Where a body ends. */
export type Framing = { readonly type: "length"; readonly bytes: number } | { readonly type: "chunked" | "until-close" };

export interface ResponseHead {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly framing: Framing;
  /** Whether the server will take another request on this connection. */
  readonly isKeptAlive: boolean;
  /** How long the server says that it keeps an idle connection, in milliseconds. */
  readonly keepAliveMs: number | undefined;
}

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: |\r|$)/;
const lineEnd = "\r\n";
const fieldName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const wholeNumber = /^\d{1,15}$/;
const noBody: Framing = { type: "length", bytes: 0 };

/**
 * Reads what stands before the empty line: RFC 9112, sections 4 and 5.
 *
 * @param text Latin-1, lines separated by CR LF, without the empty line.
 * @throws HttpError `ERR_NOT_HTTP`, or `ERR_TRANSFER_ENCODING` for one that no request asks for.
 */
export function parseHead(text: string): ResponseHead {
  const unfolded = text.includes("\r\n ") || text.includes("\r\n\t") ? text.replaceAll(/\r\n[ \t]+/g, " ") : text;
  const [, minorVersion, status] = statusLine.exec(unfolded) ?? [];
  if (status === undefined) throw new HttpError("ERR_NOT_HTTP");
  const headers = parseFields(unfolded);
  const statusCode = Number(status);
  const isFramedTwice = headers["transfer-encoding"] !== undefined && headers["content-length"] !== undefined;
  return {
    statusCode,
    headers,
    framing: statusCode < 200 || statusCode === 204 || statusCode === 304 ? noBody : framingOf(headers),
    isKeptAlive: !isFramedTwice && isKeptAlive(headers, minorVersion === "1"),
    keepAliveMs: keepAliveMs(headers),
  };
}

/** @param text A whole head; its first line is passed over. */
function parseFields(text: string): Headers {
  // Without a prototype, or a field named `__proto__` would become one.
  const headers: Record<string, string | string[] | undefined> = Object.create(null);
  for (let end = text.indexOf(lineEnd); end !== -1;) {
    const start = end + lineEnd.length;
    end = text.indexOf(lineEnd, start);
    const line = text.slice(start, end === -1 ? text.length : end);
    const colon = line.indexOf(":");
    const key = keyOf(line.slice(0, Math.max(colon, 0)));
    const value = line.slice(colon + 1).trim();
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else if (typeof before === "string") headers[key] = [before, value];
    else before.push(value);
  }
  return headers;
}

/** A server's fields have the same names in every response: to check and to lower them each time takes a third of reading a head. */
const keysByName = new Map<string, string>();
const mostKnownNames = 256;
const longestKnownName = 64;

/** @returns the name of a field in lower case. @throws HttpError `ERR_NOT_HTTP` where it is none. */
function keyOf(name: string): string {
  const known = keysByName.get(name);
  if (known !== undefined) return known;
  if (!fieldName.test(name)) throw new HttpError("ERR_NOT_HTTP");
  const key = name.toLowerCase();
  if (keysByName.size < mostKnownNames && name.length <= longestKnownName) keysByName.set(name, key);
  return key;
}

/** RFC 9112, section 6.3. */
function framingOf(headers: Headers): Framing {
  const encodings = listOf(headers["transfer-encoding"]).filter((encoding) => encoding !== "identity");
  if (encodings.length > 0) {
    if (encodings.length > 1 || encodings[0] !== "chunked") throw new HttpError("ERR_TRANSFER_ENCODING");
    return { type: "chunked" };
  }
  const [length, ...others] = listOf(headers["content-length"]);
  if (length === undefined) return { type: "until-close" };
  if (!wholeNumber.test(length) || others.some((other) => other !== length)) throw new HttpError("ERR_NOT_HTTP");
  return { type: "length", bytes: Number(length) };
}

function isKeptAlive(headers: Headers, isPersistent: boolean): boolean {
  const options = listOf(headers["connection"]);
  return !options.includes("close") && (isPersistent || options.includes("keep-alive"));
}

function keepAliveMs(headers: Headers): number | undefined {
  if (headers["keep-alive"] === undefined) return undefined;
  for (const parameter of listOf(headers["keep-alive"])) {
    const seconds = /^timeout *= *(\d{1,9})$/.exec(parameter)?.[1];
    if (seconds !== undefined) return Number(seconds) * 1000;
  }
  return undefined;
}

const none: readonly string[] = [];

/** The members of a field that is a comma-separated list, in lower case. */
function listOf(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return none;
  const text = typeof value === "string" ? value : value.join(",");
  if (!text.includes(",")) return [text.toLowerCase()];
  return text.split(",").map((member) => member.trim().toLowerCase());
}
